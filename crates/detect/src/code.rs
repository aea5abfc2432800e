//! Code of PHP, Python, Ruby, Node and Java: calls that run, read or tell what the server has; and names that reach a
//! prototype.

use crate::bytes::{Set, has};
use crate::{Confidence, Found, Text, marks};

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

/// Words of which one is in everything that is told by words.
static TOLD: Set = Set::new(&[
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

/// Judges one reading.
pub(crate) fn detect(text: &Text<'_>) -> Found {
    let value = text.bytes;
    const CODE: u64 = marks::of(b"(`[{<$;'\"%");
    if !text.any(CODE) && !has(value, "__") && !has(value, "constructor") && !has(value, "lassLoader") {
        return None;
    }
    let high = |reason| Some((if text.is_prose() { Confidence::Low } else { Confidence::High }, reason));
    if formats(value) {
        return high("a format that reads or writes memory");
    }
    if breaks_out(value) {
        return high("ends a statement, and begins another");
    }
    // A comment may stand within a word.
    if !TOLD.occurs(value) && !has(value, "/*") {
        return None;
    }
    let spaced = value.to_ascii_lowercase();
    // Names and their parentheses may stand apart.
    let lower = crate::bytes::squeezed(&spaced);
    let own = &spaced;
    if has(&lower, "__proto__")
        || has(&lower, "constructor.prototype")
        || has(&lower, "\"constructor\":{\"prototype\"")
        || has(&lower, "constructor[prototype]")
        || has(&lower, "constructor][prototype")
    {
        return high("a name that reaches the prototype of all objects");
    }
    // What Java's data binding sets, and what Python's formats ask for.
    if ["class.classloader", "class.module.classloader"].iter().any(|name| lower.starts_with(name.as_bytes()))
        || own.contains(&b'{') && ["__class__", "__globals__"].iter().any(|name| has(&lower, name))
    {
        return high("a name that reaches what runs the code");
    }
    let is_loop = |text: &&str| {
        memchr::memmem::find_iter(&lower, text.as_bytes()).any(|at| at == 0 || lower[at - 1] == b';')
    };
    if ["while(1){", "while(true){", "for(;;){"].iter().any(is_loop) {
        return high("a loop that does not end");
    }
    let opens = memchr::memmem::find(own, b"<?").is_some_and(|at| {
        let behind = &own[at + 2..];
        behind.starts_with(b"php")
            || behind.starts_with(b"=")
            || (behind.first().is_some_and(u8::is_ascii_whitespace)
                && (behind.contains(&b'(') || has(behind, "echo") || has(behind, "php")))
    });
    if opens {
        return high("code of PHP");
    }
    if ["$_get[", "$_post[", "$_request[", "$_server[", "$_cookie[", "$_files[", "$globals["]
        .iter()
        .any(|name| has(&lower, name))
        && lower.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b';'))
    {
        return high("code of PHP");
    }
    if !value.contains(&b'(') && !value.contains(&b'`') {
        return None;
    }
    let variable = memchr::memmem::find(&lower, b"${").is_some_and(|at| {
        lower[at + 2..].starts_with(b"@") || CALLS.each(&lower[at + 2..]).any(|(at, _)| at == 0)
    }) || has(value, "{${")
        || has(&lower, "${print(")
        || has(&lower, "${eval(");
    if variable {
        return high("code within a string of PHP");
    }
    const HANDED: &[&str] =
        &["system", "exec", "shell_exec", "passthru", "popen", "proc_open", "phpinfo", "eval", "assert"];
    let handed = HANDED.iter().any(|name| {
        memchr::memmem::find_iter(&lower, name.as_bytes()).any(|at| {
            let before =
                lower[..at].strip_suffix(b"'").or(lower[..at].strip_suffix(b"\"")).unwrap_or(&lower[..at]);
            let behind = &lower[at + name.len()..];
            let behind = behind.strip_prefix(b"'").or(behind.strip_prefix(b"\"")).unwrap_or(behind);
            matches!(before.last(), Some(b'(' | b'['))
                && (behind.starts_with(b")(") || behind.starts_with(b"])[0]("))
        })
    });
    if handed {
        return high("a call of a function by its name");
    }
    for (at, call) in CALLS.each(&lower) {
        let before = at.checked_sub(1).map(|before| lower[before]);
        // A method, or a longer name.
        if before.is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$'))
            || (before == Some(b'.')
                && !call.contains('.')
                && !matches!(
                    call,
                    "exec(" | "eval(" | "system(" | "popen(" | "getruntime(" | "execsync(" | "spawnsync("
                ))
        {
            continue;
        }
        let argument = lower[at + call.len()..].trim_ascii_start();
        // `a messaging system (library)` is written, and no code.
        if argument.first().is_some_and(u8::is_ascii_alphabetic) && !has(own, call) {
            continue;
        }
        let given = call == "chr(" && argument.first().is_some_and(u8::is_ascii_digit)
            || argument.first().is_some_and(|b| {
                matches!(
                    b,
                    b'\''
                        | b'"'
                        | b'`'
                        | b'$'
                        | b'_'
                        | b'b'
                        | b'c'
                        | b'f'
                        | b'm'
                        | b'r'
                        | b'l'
                        | b'['
                        | b'\\'
                        | b'o'
                        | b'i'
                        | b'/'
                )
            });
        let bare = argument.first() == Some(&b')')
            && matches!(call, "phpinfo(" | "getruntime(" | "eval(" | "system(" | "passthru(" | "shell_exec(");
        let whole = !call.ends_with('(');
        // Calls that other code has, too, say less.
        let common = matches!(
            call,
            "chr("
                | "compile("
                | "array_map("
                | "assert("
                | "readfile("
                | "popen("
                | "preg_replace("
                | "exec("
        );
        let sure = !common
            || argument.first().is_some_and(|b| matches!(b, b'\'' | b'"' | b'$' | b'`'))
            || has(&lower[at..lower.len().min(at + 64)], ".chr(");
        if whole || ((given || bare) && sure) {
            return high("a call that runs code or commands, or reads files");
        }
    }

    static JAVA: Set = Set::new(&[
        "java.lang.runtime",
        "java.io.",
        "java.net.url",
        "class.forname",
        ".getclass()",
        ".newinstance(",
    ]);
    let java = JAVA.occurs(&lower)
        && value.contains(&b'(')
        && (has(&lower, ".exec(")
            || has(&lower, "forname(")
            || has(&lower, "newinstance(")
            || has(&lower, "getruntime")
            || has(&lower, "new java"));
    let node = (has(&lower, "require(")
        && ["'fs'", "\"fs\"", "child_process", "'net'", "\"net\"", "'http'", "'os'"]
            .iter()
            .any(|module| has(&lower, module)))
        || has(&lower, "process.exit(")
        || has(&lower, "process.kill(")
        || has(&lower, "res.end(require")
        || has(&lower, "global.process");
    let python = (has(&lower, ").read(")
        && ["open('", "open(\""].iter().any(|call| {
            memchr::memmem::find(&lower, call.as_bytes()).is_some_and(|at| at == 0 || lower[at - 1] != b'.')
        }))
        || has(&lower, "__builtins__")
        || has(&lower, "__subclasses__")
        || has(&lower, "().__class__")
        || has(&lower, "''.__class__")
        || has(&lower, "getattr(") && has(&lower, ")(");
    let ruby = has(&lower, "%x(")
        || has(&lower, "%x{")
        || has(&lower, "%x[")
        || has(&lower, "file.read(") && has(&lower, "/etc/");
    if java || node || python || ruby {
        return high("code that gets at the server");
    }
    let shows =
        ["print", "echo", "die", "exit", "printf", "puts", "var_dump", "response.write"].iter().any(|name| {
            memchr::memmem::find_iter(&lower, name.as_bytes()).any(|at| {
                let behind = &lower[at + name.len()..];
                let behind = behind.strip_prefix(b"(").or(behind.strip_prefix(b" ")).unwrap_or(behind);
                behind.starts_with(b"md5(") || behind.starts_with(b"phpversion(")
            })
        });
    if shows {
        return high("code that shows whether it runs");
    }
    let print = (lower.starts_with(b"print(")
        || has(&lower, ";print(")
        || has(&lower, "print md5(")
        || has(&lower, "print(md5(")
        || has(&lower, "echo md5(")
        || has(&lower, "die(md5(")
        || has(&lower, "var_dump("))
        && lower.contains(&b')');
    (print && !text.is_prose()).then_some((Confidence::Medium, "code that shows whether it runs"))
}

/// `';f(x);//`, `'-f(x)-'`: a string closed or a statement ended at once, code, and what the application goes on with
/// commented out, or a string again.
fn breaks_out(value: &[u8]) -> bool {
    /// What of a value may stand before.
    const BEFORE: usize = 32;
    let value = value.trim_ascii();
    let start = value.iter().take(BEFORE).position(|b| matches!(b, b'\'' | b'"' | b'`' | b';' | b'}'));
    let Some(start) = start else { return false };
    let (before, code) = value.split_at(start);
    if !before.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')) {
        return false;
    }
    let quote = code[0];
    let runs = |code: &[u8]| memchr::memchr3(b'(', b'`', b'=', code).is_some();
    if let [_, operator @ (b'-' | b'+' | b'*' | b'^' | b'|' | b',' | b'.'), inner @ .., last, end] = code
        && quote == *end
        && last == operator
        && matches!(quote, b'\'' | b'"')
    {
        return runs(inner) && inner.len() > 3;
    }
    let ends = [&b"//"[..], b"#", b"/*", b"<!--"];
    let Some(code) = ends.iter().find_map(|end| code.strip_suffix(*end)).map(<[u8]>::trim_ascii_end) else {
        return false;
    };
    let marks = |b: &&u8| matches!(b, b'\'' | b'"' | b'`' | b';' | b'.' | b'+' | b')' | b'}' | b' ');
    let closes = code.iter().take_while(marks).count();
    let named = code.get(closes).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$' | b'['));
    let whole = quote != b';' && quote != b'}' && code[1..].starts_with(b";");
    (code.ends_with(b";") || code.ends_with(b"}")) && named && (runs(code) && code.contains(&b')') || whole)
}

/// `%x%x%x%x`, `%1$n`: conversions of C in a row, which read what nobody gave, or write.
fn formats(value: &[u8]) -> bool {
    const MOST: usize = 256;
    let value = &value[..value.len().min(MOST)];
    let (mut reads, mut writes, mut covered) = (0, 0, 0);
    for at in memchr::memchr_iter(b'%', value) {
        let rest = &value[at + 1..];
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
