//! Code injection in PHP, Python, Ruby, Node.js and Java: calls that run code, read files or disclose the server, and
//! names that reach a prototype.

use crate::byte_mask::{ByteMask, any_of};
use crate::bytes::{Set, before, compact, cut, find, find_all, has, has_any, head, strip_any, tail};
use crate::candidate::{Candidate, Found};
use crate::confidence::Confidence;
use crate::prose::is_sentence;

/// Calls that run commands or code, with their opening parenthesis.
static CALLS: Set = Set::new(&[
    "system(",
    "shell_exec(",
    "passthru(",
    "proc_open(",
    "popen(",
    "pcntl_exec(",
    "phpinfo(",
    "base64_decode(",
    "gzinflate(",
    "str_rot13(",
    "file_get_contents(",
    "file_put_contents(",
    "fsockopen(",
    "call_user_func(",
    "create_function(",
    "array_map(",
    "assert(",
    "preg_replace(",
    "highlight_file(",
    "show_source(",
    "readfile(",
    "move_uploaded_file(",
    "chr(",
    "os.system(",
    "os.popen(",
    "subprocess.popen(",
    "subprocess.call(",
    "subprocess.run(",
    "subprocess.check_output(",
    "subprocess.check_call(",
    "subprocess.getoutput(",
    "__import__(",
    "commands.getoutput(",
    "pty.spawn(",
    "exec(",
    "eval(",
    "execfile(",
    "compile(",
    "child_process",
    "process.binding(",
    "process.mainmodule",
    "execsync(",
    "spawnsync(",
    "io.popen(",
    "kernel.exec(",
    "getruntime(",
    "processbuilder(",
    "scriptenginemanager(",
    "runtime.exec(",
]);

/// The checks in [`NAMES`] and [`WITH_CALLS`] each need one of these.
static KEYWORDS: Set = Set::new(&[
    "__",
    "constructor",
    "classloader",
    "<?",
    "$_",
    "$globals",
    "while",
    "for(;",
    "for (;",
    "${",
    "system",
    "exec",
    "passthru",
    "popen",
    "proc_open",
    "phpinfo",
    "eval",
    "assert",
    "base64_decode",
    "gzinflate",
    "str_rot13",
    "file_get",
    "file_put",
    "fsockopen",
    "call_user",
    "create_function",
    "array_map",
    "preg_replace",
    "highlight_file",
    "show_source",
    "readfile",
    "move_uploaded",
    "chr(",
    "chr (",
    "subprocess",
    "getoutput",
    "spawn",
    "compile",
    "child_process",
    "process.",
    "getruntime",
    "processbuilder",
    "scriptengine",
    "java.",
    "class.forname",
    "getclass",
    "newinstance",
    "require",
    "read",
    "%x",
    "md5",
    "phpversion",
    "print",
    "var_dump",
    "getattr",
    "global.",
]);

/// A value in lower case: as written, and without whitespace and comments between its tokens.
struct Source<'s> {
    spaced: &'s [u8],
    code: &'s [u8],
}

type Check = fn(&Source<'_>) -> bool;

/// What needs no call.
const NAMES: &[(Check, &str)] = &[
    (reaches_prototype, "a name that reaches the prototype of all objects"),
    (reaches_runtime, "a name that reaches the runtime"),
    (is_endless_loop, "an endless loop"),
    (opens_php, "PHP code"),
    (uses_php_globals, "PHP code"),
];

/// What needs a parenthesis or a backtick.
const WITH_CALLS: &[(Check, &str)] = &[
    (interpolates_php, "code in a PHP string"),
    (calls_by_name, "a function called by its name"),
    (calls_dangerous_function, "a call that runs code or commands, or reads files"),
    (is_java, "code that reaches the server"),
    (is_node, "code that reaches the server"),
    (is_python, "code that reaches the server"),
    (is_ruby, "code that reaches the server"),
    (prints_proof, "code that shows whether it runs"),
];

/// Inspects one variant.
pub(crate) fn detect(candidate: &Candidate<'_>) -> Found {
    let (confidence, reason) = found(candidate)?;
    // Code that a text quotes is none of its own.
    let is_quoted = || candidate.said(|_| false).is_some_and(|said| found(&Candidate::new(&said)).is_none());
    Some((if confidence > Confidence::Low && is_quoted() { Confidence::Low } else { confidence }, reason))
}

/// What of code there is in a value.
fn found(candidate: &Candidate<'_>) -> Found {
    const CODE: ByteMask = any_of(b"(`[{<$;'\"%");
    let value = candidate.bytes;
    if !candidate.has_any(CODE) && !has_any(value, &["__", "constructor", "lassLoader"]) {
        return None;
    }
    let high = |reason| Some((if candidate.is_prose() { Confidence::Low } else { Confidence::High }, reason));
    if is_format_string(value) {
        return high("a format string that reads or writes memory");
    }
    if breaks_out(value) {
        return high("ends a statement and begins another");
    }
    // A comment may split a keyword.
    if !KEYWORDS.occurs(value) && !has(value, "/*") {
        return None;
    }
    let spaced = value.to_ascii_lowercase();
    let code = compact(&spaced);
    let source = Source { spaced: &spaced, code: &code };
    let first = |checks: &[(Check, &'static str)]| {
        checks.iter().find(|(check, _)| check(&source)).map(|(_, reason)| *reason)
    };
    if let Some(reason) = first(NAMES) {
        return high(reason);
    }
    if !value.contains(&b'(') && !value.contains(&b'`') {
        return None;
    }
    if let Some(reason) = first(WITH_CALLS) {
        return if is_sentence(value, false) { Some((Confidence::Low, reason)) } else { high(reason) };
    }
    (prints(&code) && !candidate.is_prose())
        .then_some((Confidence::Medium, "code that shows whether it runs"))
}

fn reaches_prototype(source: &Source<'_>) -> bool {
    has_any(
        source.code,
        &[
            "__proto__",
            "constructor.prototype",
            "\"constructor\":{\"prototype\"",
            "constructor[prototype]",
            "constructor][prototype",
        ],
    )
}

/// Names that Java's data binding sets, and that Python's format strings read.
fn reaches_runtime(source: &Source<'_>) -> bool {
    source.code.starts_with(b"class.classloader")
        || source.code.starts_with(b"class.module.classloader")
        || source.spaced.contains(&b'{') && has_any(source.code, &["__class__", "__globals__"])
}

fn is_endless_loop(source: &Source<'_>) -> bool {
    let begins_statement = |at: usize| before(source.code, at).is_none_or(|b| b == b';');
    ["while(1){", "while(true){", "for(;;){"]
        .iter()
        .any(|text| find_all(source.code, text).any(begins_statement))
}

fn opens_php(source: &Source<'_>) -> bool {
    find(source.spaced, "<?").is_some_and(|at| {
        let rest = tail(source.spaced, at + 2);
        rest.starts_with(b"php")
            || rest.starts_with(b"=")
            || rest.first().is_some_and(u8::is_ascii_whitespace) && has_any(rest, &["(", "echo", "php"])
    })
}

fn uses_php_globals(source: &Source<'_>) -> bool {
    const GLOBALS: &[&str] =
        &["$_get[", "$_post[", "$_request[", "$_server[", "$_cookie[", "$_files[", "$globals["];
    has_any(source.code, GLOBALS) && source.code.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b';'))
}

/// `${@print(1)}`, `{${system('id')}}`: expressions that PHP evaluates in a string.
fn interpolates_php(source: &Source<'_>) -> bool {
    let evaluates = |at: usize| {
        let rest = tail(source.code, at + 2);
        rest.starts_with(b"@") || CALLS.find_all(rest).any(|(at, _)| at == 0)
    };
    find(source.code, "${").is_some_and(evaluates)
        || has(source.spaced, "{${")
        || has_any(source.code, &["${print(", "${eval("])
}

/// `('system')('id')`, `['exec'][0]('id')`.
fn calls_by_name(source: &Source<'_>) -> bool {
    const FUNCTIONS: &[&str] =
        &["system", "exec", "shell_exec", "passthru", "popen", "proc_open", "phpinfo", "eval", "assert"];
    FUNCTIONS.iter().any(|name| {
        find_all(source.code, name).any(|at| {
            let (outer, rest) = cut(source.code, at);
            let outer = outer.strip_suffix(b"'").or(outer.strip_suffix(b"\"")).unwrap_or(outer);
            let rest = strip_any(tail(rest, name.len()), &[b"'", b"\""]);
            matches!(outer.last(), Some(b'(' | b'['))
                && (rest.starts_with(b")(") || rest.starts_with(b"])[0]("))
        })
    })
}

fn calls_dangerous_function(source: &Source<'_>) -> bool {
    CALLS.find_all(source.code).any(|(at, call)| is_dangerous(source, at, call))
}

/// Whether what looks like one of the [`CALLS`] is one, and has an argument that matters.
fn is_dangerous(source: &Source<'_>, at: usize, call: &str) -> bool {
    // Functions that are also called as methods.
    const METHODS: &[&str] =
        &["exec(", "eval(", "system(", "popen(", "getruntime(", "execsync(", "spawnsync("];
    const WITHOUT_ARGUMENT: &[&str] =
        &["phpinfo(", "getruntime(", "eval(", "system(", "passthru(", "shell_exec("];
    // Harmless code calls these as well.
    const COMMON: &[&str] =
        &["chr(", "compile(", "array_map(", "assert(", "readfile(", "popen(", "preg_replace(", "exec("];
    let is_longer_name = match before(source.code, at) {
        Some(b'.') => !call.contains('.') && !METHODS.contains(&call),
        Some(b) => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'),
        None => false,
    };
    if is_longer_name {
        return false;
    }
    let argument = tail(source.code, at + call.len()).trim_ascii_start().first();
    // "a messaging system (library)" is prose.
    if argument.is_some_and(u8::is_ascii_alphabetic) && !has(source.spaced, call) {
        return false;
    }
    if !call.ends_with('(') {
        return true;
    }
    let has_argument = match argument {
        Some(b'0'..=b'9') => call == "chr(",
        Some(b'\'' | b'"' | b'`' | b'$' | b'_' | b'[' | b'\\' | b'/') => true,
        Some(b'b' | b'c' | b'f' | b'm' | b'r' | b'l' | b'o' | b'i') => true,
        Some(b')') => WITHOUT_ARGUMENT.contains(&call),
        _ => false,
    };
    has_argument
        && (!COMMON.contains(&call)
            || matches!(argument, Some(b'\'' | b'"' | b'$' | b'`'))
            || has(head(tail(source.code, at), 64), ".chr("))
}

fn is_java(source: &Source<'_>) -> bool {
    static CLASSES: Set = Set::new(&[
        "java.lang.runtime",
        "java.io.",
        "java.net.url",
        "class.forname",
        ".getclass()",
        ".newinstance(",
    ]);
    CLASSES.occurs(source.code)
        && source.spaced.contains(&b'(')
        && has_any(source.code, &[".exec(", "forname(", "newinstance(", "getruntime", "new java"])
}

fn is_node(source: &Source<'_>) -> bool {
    const MODULES: &[&str] = &["'fs'", "\"fs\"", "child_process", "'net'", "\"net\"", "'http'", "'os'"];
    has(source.code, "require(") && has_any(source.code, MODULES)
        || has_any(source.code, &["process.exit(", "process.kill(", "res.end(require", "global.process"])
}

fn is_python(source: &Source<'_>) -> bool {
    let opens = |call: &&str| {
        find(source.code, call).is_some_and(|at| before(source.code, at).is_none_or(|b| b != b'.'))
    };
    has(source.code, ").read(") && ["open('", "open(\""].iter().any(opens)
        || has_any(source.code, &["__builtins__", "__subclasses__", "().__class__", "''.__class__"])
        || has(source.code, "getattr(") && has(source.code, ")(")
}

fn is_ruby(source: &Source<'_>) -> bool {
    has_any(source.code, &["%x(", "%x{", "%x["])
        || has(source.code, "file.read(") && has(source.code, "/etc/")
}

/// `print md5(1)`: what scanners send to see whether code runs.
fn prints_proof(source: &Source<'_>) -> bool {
    ["print", "echo", "die", "exit", "printf", "puts", "var_dump", "response.write"].iter().any(|name| {
        find_all(source.code, name).any(|at| {
            let rest = strip_any(tail(source.code, at + name.len()), &[b"(", b" "]);
            rest.starts_with(b"md5(") || rest.starts_with(b"phpversion(")
        })
    })
}

fn prints(code: &[u8]) -> bool {
    (code.starts_with(b"print(")
        || has_any(code, &[";print(", "print md5(", "print(md5(", "echo md5(", "die(md5(", "var_dump("]))
        && code.contains(&b')')
}

/// `';f(x);//`, `'-f(x)-'`: closes a string or ends a statement, runs code, and comments out or reopens the rest.
fn breaks_out(value: &[u8]) -> bool {
    /// The longest value of the application's before the quote.
    const MAX_BEFORE: usize = 32;
    let value = value.trim_ascii();
    let start = value.iter().take(MAX_BEFORE).position(|b| matches!(b, b'\'' | b'"' | b'`' | b';' | b'}'));
    let Some(start) = start else { return false };
    let (outer, code) = cut(value, start);
    let [quote, after_quote @ ..] = code else { return false };
    if !outer.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return false;
    }
    let runs = |code: &[u8]| memchr::memchr3(b'(', b'`', b'=', code).is_some();
    if let [_, operator @ (b'-' | b'+' | b'*' | b'^' | b'|' | b',' | b'.'), inner @ .., last, end] = code
        && quote == end
        && last == operator
        && matches!(quote, b'\'' | b'"')
    {
        return runs(inner) && inner.len() > 3;
    }
    let comments = [&b"//"[..], b"#", b"/*", b"<!--"];
    let code = comments.iter().find_map(|comment| code.strip_suffix(*comment)).map(<[u8]>::trim_ascii_end);
    let Some(code) = code else { return false };
    let is_mark = |b: &&u8| matches!(b, b'\'' | b'"' | b'`' | b';' | b'.' | b'+' | b')' | b'}' | b' ');
    let closes = code.iter().take_while(is_mark).count();
    let rest = tail(code, closes);
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let is_named = rest.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$' | b'['))
        || (digits > 0 && rest.get(digits) == Some(&b';'));
    let ends_statement = !matches!(quote, b';' | b'}') && after_quote.starts_with(b";");
    (code.ends_with(b";") || code.ends_with(b"}"))
        && is_named
        && (runs(code) && code.contains(&b')') || ends_statement)
}

/// `%x%x%x%x`, `%1$n`: conversions of C's `printf` that read the stack or write to memory.
fn is_format_string(value: &[u8]) -> bool {
    const INSPECTED: usize = 256;
    let value = head(value, INSPECTED);
    let (mut reads, mut writes, mut covered) = (0, 0, 0);
    for at in memchr::memchr_iter(b'%', value) {
        let rest = tail(value, at + 1);
        let width = rest
            .iter()
            .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b'$' | b'#' | b'-' | b'h' | b'l'))
            .count();
        match rest.get(width) {
            // `%08x`.
            Some(b'x' | b'X') if width > 1 => reads += 2,
            Some(b'x' | b'X' | b's' | b'S' | b'p' | b'P') => reads += 1,
            Some(b'n' | b'N') => writes += 1,
            _ => continue,
        }
        covered += width + 2;
    }
    (reads + writes > 3 || writes > 1) && covered * 10 >= value.len() * 6
}

#[cfg(test)]
mod tests {
    use crate::Class::Code;
    use crate::Confidence::*;
    use crate::testing::{finds, passes};

    #[test]
    fn attacks_are_found() {
        finds(
            Code,
            High,
            &[
                "system('id')",
                "__import__('os').popen('id')",
                "require('child_process').exec('id')",
                "<?php echo 1;",
                "<?= `id` ?>",
                "${@print(1)}",
                "('system')('id')",
                "Runtime.getRuntime().exec(\"id\")",
                "';alert(1);//",
                "'-alert(1)-'",
                "'+1;let f=window;f['al'+'ert'](1);//",
                "class.module.classLoader.resources",
                "{0.__class__.__globals__}",
                "while(1){}",
                "__proto__",
                "constructor.prototype.admin",
                "constructor[prototype][admin]",
                "%x%x%x%x%n",
                "%1$n%2$n",
                "$_GET['x'](1)",
                "file_get_contents('/etc/passwd')",
                "ev/**/al('1')",
                "open('/etc/passwd').read()",
                "print md5(1)",
                "().__class__.__bases__",
            ],
        );
        finds(Code, Medium, &["print(1)", "var_dump(x)"]);
        finds(
            Code,
            Low,
            &[
                "You can use the function system('id') to see what that is, and it runs.",
                "don't use eval(); it's slow",
                "Explain eval(compile(src, '<string>', 'exec')) in Python",
                "look at `eval('1')`",
                "Why is it slow?\n```diff\n+os.system(\"ls -la\")\n```\nand more",
            ],
        );
        // Neighbours that run in some language, or in a string.
        finds(
            Code,
            High,
            &[
                "eval()",
                "eval(compile(src, '<string>', 'exec'))",
                "x = eval(compile(y)); # it is slow",
                "x = eval('y'); // it is slow",
                "print eval('y') in x",
                "don't use ${@eval('1')} here",
                "don't use {$a(eval('1'))} here",
                "look at x`eval('1')`",
                "`eval('1')`",
                "x; eval('1')\n__END__\nit is slow",
            ],
        );
    }

    #[test]
    fn honest_neighbours_pass() {
        passes(
            Code,
            &[
                "the system (library) is new",
                "call eval to run it",
                "our treasurer (CFO) said",
                "%Y-%m-%d %H:%M",
                "100% sure, 50% off",
                "array.map(x => x + 1)",
                "constructor of the class",
                "for (const x of items) { y(x) }",
                "O'Brien; Smith",
                "compile(source)",
                "my_eval(x)",
                "print this page",
                "assert(x)",
            ],
        );
    }
}
