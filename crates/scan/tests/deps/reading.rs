//! Lock files as their tools write them: names, versions, lines, and what is not judged.

use scan::deps::{Limits, Scope, inventory};

use crate::{packages, read, tree};

fn unjudged(inventory: &scan::deps::Inventory) -> Vec<String> {
    inventory.unjudged.iter().map(|u| format!("{} {}: {}", u.line, u.what, u.why)).collect()
}

#[test]
fn cargo_leaves_out_what_is_the_users_own() {
    let tree = tree(&[(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
    )]);
    assert_eq!(packages(&read(tree.path())), ["a 1.0.0 8"]);
}

#[test]
fn npm_in_all_three_versions() {
    let flat = r#"{
  "lockfileVersion": 2,
  "packages": {
    "": { "name": "own", "version": "1.0.0" },
    "node_modules/a": { "version": "1.0.0" },
    "node_modules/a/node_modules/@s/b": { "version": "2.0.0", "dev": true },
    "node_modules/alias": { "name": "real", "version": "3.0.0" },
    "node_modules/member": { "resolved": "packages/member", "link": true },
    "packages/member": { "version": "1.0.0" },
    "node_modules/git": { "resolved": "git+ssh://git@x/y.git#abc" }
  },
  "dependencies": { "a": { "version": "1.0.0" } }
}"#;
    let nested = r#"{
  "lockfileVersion": 1,
  "dependencies": {
    "a": {
      "version": "1.0.0",
      "dependencies": {
        "@s/b": { "version": "2.0.0", "dev": true }
      }
    },
    "alias": { "version": "npm:real@3.0.0" },
    "own": { "version": "file:../own" },
    "git": { "version": "git+ssh://git@x/y.git#abc" }
  }
}"#;
    for (file, text, lines) in
        [("package-lock.json", flat, [5, 6, 7]), ("npm-shrinkwrap.json", nested, [4, 7, 10])]
    {
        let tree = tree(&[(file, text)]);
        let inventory = read(tree.path());
        let [a, b, real] = lines;
        assert_eq!(
            packages(&inventory),
            [format!("a 1.0.0 {a}"), format!("@s/b 2.0.0 {b}"), format!("real 3.0.0 {real}")]
        );
        let scopes: Vec<Scope> = inventory.packages.iter().map(|p| p.scope).collect();
        assert_eq!(scopes, [Scope::Production, Scope::Development, Scope::Production]);
        assert_eq!(inventory.unjudged.len(), 1, "{:?}", inventory.unjudged);
        assert_eq!(inventory.unjudged[0].what, "git");
    }
}

#[test]
fn pnpm_in_all_three_versions() {
    let five = "lockfileVersion: 5.4\npackages:\n  /a/1.0.0_react@17.0.2:\n    resolution: {integrity: x}\n    dev: false\n  /@s/b/2.0.0:\n    dev: true\n  file:../own:\n    name: own\n    version: 1.0.0\n";
    let six = "lockfileVersion: '6.0'\npackages:\n  /a@1.0.0(react@17.0.2):\n    dev: false\n  /x/../y:\n    name: own\n  /@s/b@2.0.0:\n    dev: true\n";
    let nine = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      al:\n        specifier: npm:a@1\n        version: a@1.0.0(react@17.0.2)\n    devDependencies:\n      '@s/b':\n        specifier: ^2\n        version: 2.0.0\npackages:\n  a@1.0.0:\n    resolution: {integrity: x}\n  '@s/b@2.0.0':\n    resolution: {integrity: x}\n  deep@4.0.0:\n    resolution: {integrity: x}\nsnapshots:\n  a@1.0.0(react@17.0.2):\n    dependencies:\n      deep: 4.0.0\n  '@s/b@2.0.0': {}\n  deep@4.0.0: {}\n";
    for (text, expected) in [
        (five, vec!["a 1.0.0 3 Production", "@s/b 2.0.0 6 Development"]),
        (six, vec!["a 1.0.0 3 Production", "@s/b 2.0.0 7 Development"]),
        (nine, vec!["a 1.0.0 13 Production", "@s/b 2.0.0 15 Development", "deep 4.0.0 17 Production"]),
    ] {
        let tree = tree(&[("pnpm-lock.yaml", text)]);
        let inventory = read(tree.path());
        assert_eq!(inventory.faults, []);
        let seen: Vec<String> = inventory
            .packages
            .iter()
            .map(|p| format!("{} {} {} {:?}", p.name, p.version, p.line, p.scope))
            .collect();
        assert_eq!(seen, expected);
    }
}

#[test]
fn yarn_in_both_formats() {
    let classic = "# yarn lockfile v1\n\n\n\"@s/b@^2.0.0\", \"@s/b@^2.1.0\":\n  version \"2.1.0\"\n  resolved \"https://x\"\n  dependencies:\n    a \"^1\"\n\na@^1:\n  version \"1.0.0\"\n\nalias@npm:real@^3:\n  version \"3.0.0\"\n\n\"own@file:../own\":\n  version \"0.0.0\"\n";
    let berry = "__metadata:\n  version: 8\n\n\"@s/b@npm:^2.0.0, @s/b@npm:^2.1.0\":\n  version: 2.1.0\n  resolution: \"@s/b@npm:2.1.0\"\n\n\"a@patch:a@npm%3A1.0.0#x\":\n  version: 1.0.0\n  resolution: \"a@patch:a@npm%3A1.0.0#x\"\n\n\"alias@npm:real@^3\":\n  version: 3.0.0\n  resolution: \"real@npm:3.0.0\"\n\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n";
    for (text, lines) in [(classic, [4, 10, 13]), (berry, [4, 8, 12])] {
        let tree = tree(&[("yarn.lock", text)]);
        let inventory = read(tree.path());
        let [b, a, real] = lines;
        assert_eq!(
            packages(&inventory),
            [format!("@s/b 2.1.0 {b}"), format!("a 1.0.0 {a}"), format!("real 3.0.0 {real}")]
        );
        assert_eq!(inventory.faults, []);
    }
}

#[test]
fn requirements_say_what_is_not_pinned() {
    let tree = tree(&[
        (
            "app/requirements.txt",
            "Django==4.2.1 \\\n    --hash=sha256:00\n-r ../base.txt  # common\n-c limits.txt\n-r ../../outside.txt\nflask>=2\nlimited\nany.thing == 1.*\n-e git+https://x/y#egg=z\nurl @ https://x/y.whl\n./local\n--index-url https://x\nexact===2.0,<3\n",
        ),
        ("app/limits.txt", "limited==7.0\nnot-installed==1.0\n"),
        ("base.txt", "six==1.16.0\n-r app/requirements.txt\n"),
    ]);
    let inventory = read(tree.path());
    assert_eq!(packages(&inventory), ["django 4.2.1 1", "limited 7.0 7", "exact 2.0 13", "six 1.16.0 1"]);
    let unjudged = unjudged(&inventory);
    let whats: Vec<&str> = unjudged.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(whats, ["9 git+https", "10 url", "11 ./local", "6 flask", "8 any.thing"], "{unjudged:?}");
    let [fault] = inventory.faults.as_slice() else { panic!("{:?}", inventory.faults) };
    assert!(fault.line == 5 && fault.reason.starts_with("`../../outside.txt` "), "{fault}");
}

#[test]
fn python_lock_files() {
    for (file, text, expected) in [
        (
            "poetry.lock",
            "[[package]]\nname = \"A_b\"\nversion = \"1.0\"\ngroups = [\"main\", \"dev\"]\n\n[[package]]\nname = \"c\"\nversion = \"2.0\"\ncategory = \"dev\"\n\n[[package]]\nname = \"own\"\nversion = \"0\"\n[package.source]\ntype = \"directory\"\nurl = \"../own\"\n",
            ["a-b 1.0 2 Production", "c 2.0 7 Development"],
        ),
        (
            "uv.lock",
            "version = 1\n\n[[package]]\nname = \"own\"\nsource = { editable = \".\" }\n\n[[package]]\nname = \"a-b\"\nversion = \"1.0\"\nsource = { registry = \"https://pypi.org/simple\" }\n\n[[package]]\nname = \"c\"\nversion = \"2.0\"\nsource = { git = \"https://x\" }\n",
            ["a-b 1.0 8 Unsaid", "c 2.0 13 Unsaid"],
        ),
        (
            "Pipfile.lock",
            "{\"_meta\": {},\n\"default\": {\n\"a-b\": {\"version\": \"==1.0\"}},\n\"develop\": {\n\"c\": {\"version\": \"==2.0\"}, \"own\": {\"path\": \".\"}}}",
            ["a-b 1.0 3 Production", "c 2.0 5 Development"],
        ),
    ] {
        let tree = tree(&[(file, text)]);
        let inventory = read(tree.path());
        assert_eq!(inventory.faults, []);
        let seen: Vec<String> = inventory
            .packages
            .iter()
            .map(|p| format!("{} {} {} {:?}", p.name, p.version, p.line, p.scope))
            .collect();
        assert_eq!(seen, expected, "{file}");
    }
}

#[test]
fn go_modules_with_replacements_and_exclusions() {
    let module = "module own\n\ngo 1.21\n\nrequire a.b/c v1.0.0\n\nrequire (\n\td.e/f v1.2.0 // indirect\n\tg.h/i v0.1.0\n\tj.k/l v2.0.0+incompatible\n\tm.n/o v1.0.0\n)\n\nreplace d.e/f => fork.io/f v1.2.1\n\nreplace (\n\tg.h/i v0.1.0 => ../i\n\ta.b/c v9.9.9 => never.used/c v1.0.0\n)\n\nexclude m.n/o v1.0.0\n";
    let sum = "a.b/c v0.9.0 h1:x=\na.b/c v1.10.0 h1:x=\na.b/c v1.9.0 h1:x=\na.b/c v1.11.0/go.mod h1:x=\n";
    let tree = tree(&[("go.mod", module), ("go.sum", sum), ("old/go.sum", sum)]);
    let inventory = read(tree.path());
    assert_eq!(
        packages(&inventory),
        ["a.b/c 1.0.0 5", "fork.io/f 1.2.1 8", "j.k/l 2.0.0+incompatible 10", "a.b/c 1.10.0 2"]
    );
    assert_eq!(
        unjudged(&inventory),
        ["9 g.h/i: it is replaced by a directory", "11 m.n/o: v1.0.0 is excluded; go takes a later one"]
    );
    assert_eq!(inventory.files.len(), 2);
}

#[test]
fn maven_with_properties_and_parents_in_the_tree() {
    let parent = "<project><modelVersion>4.0.0</modelVersion><groupId>g</groupId><artifactId>parent</artifactId><version>1</version>\n<properties><log.version>2.14.1</log.version><loop>${loop}</loop></properties>\n<dependencyManagement><dependencies>\n<dependency><groupId>m</groupId><artifactId>managed</artifactId><version>${log.version}</version><scope>test</scope></dependency>\n</dependencies></dependencyManagement></project>";
    let child = "<project>\n<parent><groupId>g</groupId><artifactId>parent</artifactId><version>1</version></parent>\n<artifactId>child</artifactId>\n<dependencies>\n<dependency><groupId>l</groupId><artifactId>core</artifactId><version>${log.version}</version></dependency>\n<dependency><groupId>m</groupId><artifactId>managed</artifactId></dependency>\n<dependency><groupId>${project.groupId}</groupId><artifactId>sibling</artifactId><version>${project.version}</version></dependency>\n<dependency><groupId>r</groupId><artifactId>range</artifactId><version>[1,2)</version></dependency>\n<dependency><groupId>u</groupId><artifactId>unknown</artifactId><version>${loop}</version></dependency>\n<dependency><groupId>n</groupId><artifactId>none</artifactId></dependency>\n</dependencies></project>";
    let tree = tree(&[("pom.xml", parent), ("child/pom.xml", child)]);
    let inventory = read(tree.path());
    assert_eq!(packages(&inventory), ["l:core 2.14.1 5", "m:managed 2.14.1 6", "g:sibling 1 7"]);
    assert_eq!(inventory.packages[1].scope, Scope::Development);
    let whats: Vec<&str> = inventory.unjudged.iter().map(|u| u.what.as_str()).collect();
    assert_eq!(whats, ["r:range", "u:unknown", "n:none", "dependencies of dependencies"]);
    // Alone, the child lacks what its parent says.
    let alone = inventory_of(&tree.path().join("child/pom.xml"));
    assert_eq!(packages(&alone), ["g:sibling 1 7"]);
    assert!(alone.unjudged[0].why.ends_with("its parent parent is not in the tree"), "{:?}", alone.unjudged);
}

fn inventory_of(path: &std::path::Path) -> scan::deps::Inventory {
    inventory(path, &Limits::default()).unwrap()
}

#[test]
fn gradle_bundler_and_composer_say_more_than_packages() {
    let tree = tree(&[
        (
            "gradle.lockfile",
            "# x\na:b:1.0=compileClasspath,testRuntimeClasspath\nc:d:2.0=testCompileClasspath\nempty=\n",
        ),
        (
            "Gemfile.lock",
            "PATH\n  remote: .\n  specs:\n    own (0.1)\n\nGEM\n  specs:\n    nokogiri (1.13.0-x86_64-linux)\n    nokogiri (1.13.0)\n      racc (~> 1.4)\n",
        ),
        (
            "composer.lock",
            "{\"packages\": [\n{\"name\": \"a/b\", \"version\": \"v1.0\"},\n{\"name\": \"a/c\", \"version\": \"dev-main\"}], \"packages-dev\": []}",
        ),
    ]);
    let inventory = read(tree.path());
    assert_eq!(packages(&inventory), ["nokogiri 1.13.0 8", "a/b v1.0 2", "a:b 1.0 2", "c:d 2.0 3"]);
    assert_eq!(inventory.packages[3].scope, Scope::Development);
    assert_eq!(unjudged(&inventory), ["3 a/c: `dev-main` is a branch, not a version"]);
}

#[test]
fn an_sbom_names_packages_by_their_urls() {
    let text = r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [
{"type": "library", "name": "b", "purl": "pkg:npm/%40a/b@1.0.0", "components": [
{"type": "library", "name": "y", "purl": "pkg:maven/org.x/y@2.0?type=jar", "scope": "excluded"}]},
{"type": "library", "name": "z", "purl": "pkg:golang/github.com/a/z@v1.2.3"},
{"type": "library", "name": "libc6", "purl": "pkg:deb/debian/libc6@2.36"},
{"type": "library", "name": "nameless"},
{"type": "file", "name": "f"}]}"#;
    let tree = tree(&[("app.cdx.json", text)]);
    let inventory = read(tree.path());
    assert_eq!(packages(&inventory), ["@a/b 1.0.0 2", "org.x:y 2.0 3", "github.com/a/z 1.2.3 4"]);
    assert_eq!(inventory.packages[1].scope, Scope::Development);
    assert_eq!(
        unjudged(&inventory),
        [
            "6 nameless: it has no package URL",
            "5 1 components of the type deb: no database of `pkg:deb` is read"
        ]
    );
}

#[test]
fn a_walk_leaves_out_what_was_installed() {
    let lock = "version = 4\n";
    let tree = tree(&[
        ("Cargo.lock", lock),
        ("a/Cargo.lock", lock),
        ("node_modules/x/Cargo.lock", lock),
        ("target/Cargo.lock", lock),
        (".git/Cargo.lock", lock),
        ("b/vendor/Cargo.lock", lock),
    ]);
    assert_eq!(read(tree.path()).files.len(), 2);
}
