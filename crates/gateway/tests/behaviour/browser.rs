//! Chromium, driven by its own protocol (CDP) over two pipes. Pages are used as people use them: fields are found by their
//! labels and filled in by keys, buttons and links are found by what they say and clicked with the mouse.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a page may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser is enough at a time for the machine.
static TURN: Mutex<()> = Mutex::new(());

/// A browser with a profile of its own. It ends when dropped.
pub(crate) struct Browser {
    link: Mutex<Link>,
    child: Child,
    _turn: MutexGuard<'static, ()>,
}

struct Link {
    to: ChildStdin,
    from: Receiver<Value>,
    number: u64,
}

/// A tab of it.
pub(crate) struct Tab<'b> {
    browser: &'b Browser,
    session: String,
}

impl Browser {
    /// `names` are names of hosts, with ports, and where they are on this machine; no other name leads anywhere.
    pub(crate) fn start(profile: &Path, names: &[(&str, std::net::SocketAddr)]) -> Browser {
        let turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut rules: Vec<String> =
            names.iter().map(|(name, place)| format!("MAP {name} {place}")).collect();
        rules.push("MAP * ~NOTFOUND".to_owned());
        let options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--mute-audio",
            "--lang=en",
            "--remote-debugging-pipe",
        ];
        let mut child = Command::new("sh")
            // It reads commands from descriptor 3 and answers on 4.
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "chromium"])
            .args(options)
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("--host-resolver-rules={}", rules.join(", ")))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, mut answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (tell, from) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while answers.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(value) = serde_json::from_slice(&message) else { return };
                if tell.send(value).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Browser { link: Mutex::new(Link { to, from, number: 0 }), child, _turn: turn }
    }

    /// Another tab, whose scripts are told nothing of us.
    pub(crate) fn tab(&self) -> Tab<'_> {
        let target = self.call("", "Target.createTarget", json!({ "url": "about:blank" }));
        let parameters = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.call("", "Target.attachToTarget", parameters);
        let tab = Tab { browser: self, session: attached["sessionId"].as_str().unwrap().to_owned() };
        tab.call("Page.enable", json!({}));
        tab
    }

    fn call(&self, session: &str, method: &str, parameters: Value) -> Value {
        self.try_call(session, method, parameters).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&self, session: &str, method: &str, parameters: Value) -> Result<Value, Value> {
        let number = self.send(session, method, parameters);
        let link = self.link.lock().unwrap();
        loop {
            let heard =
                link.from.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{method} is not answered"));
            if heard["id"] == number {
                return match heard.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(heard["result"].clone()),
                };
            }
        }
    }

    fn send(&self, session: &str, method: &str, parameters: Value) -> u64 {
        let mut link = self.link.lock().unwrap();
        link.number += 1;
        let mut message = json!({ "id": link.number, "method": method, "params": parameters });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        link.to.write_all(&bytes).unwrap();
        link.number
    }

    /// What several promises come to that are made in several tabs at the same moment.
    pub(crate) fn at_once(&self, tabs: &[&Tab<'_>], promise: &str) -> Vec<Value> {
        let ask = |tab: &&Tab<'_>| self.send(&tab.session, "Runtime.evaluate", evaluated(promise));
        let numbers: Vec<u64> = tabs.iter().map(ask).collect();
        let link = self.link.lock().unwrap();
        let mut found = vec![Value::Null; numbers.len()];
        let mut missing = numbers.len();
        while missing > 0 {
            let heard = link.from.recv_timeout(PATIENCE).expect("both tabs answer");
            if let Some(at) = numbers.iter().position(|number| heard["id"] == *number) {
                found[at] = heard["result"]["result"]["value"].clone();
                missing -= 1;
            }
        }
        found
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.send("", "Browser.close", json!({}));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn evaluated(expression: &str) -> Value {
    json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true })
}

/// Finds what a person would: the control of a label; a button, link or summary by its words.
const FINDERS: &str = r#"
    const seen = (element) => element && element.checkVisibility() && !element.disabled;
    const words = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim();
    const field = (label) =>
        [...document.querySelectorAll("label")].filter((one) => words(one) === label).map((one) => one.control).find(seen);
    const button = (text) =>
        [...document.querySelectorAll("button, a, summary")].filter((one) => words(one) === text).find(seen);
    const middle = (element) => {
        element.scrollIntoView({ block: "center", behavior: "instant" });
        const { x, y, width, height } = element.getBoundingClientRect();
        return { x: x + width / 2, y: y + height / 2 };
    };
"#;

impl Tab<'_> {
    pub(crate) fn call(&self, method: &str, parameters: Value) -> Value {
        self.browser.call(&self.session, method, parameters)
    }

    /// Opens an address, and waits until it or what it leads to is there.
    pub(crate) fn open(&self, url: &str) {
        // A page that is left is marked, so that it is not taken for the next.
        self.script("window.left = true");
        let begun = self.call("Page.navigate", json!({ "url": url }));
        assert!(begun.get("errorText").is_none(), "{url}: {begun}");
        self.until("!window.left && document.readyState === 'complete'");
    }

    /// The value of an expression, or of what it promises.
    pub(crate) fn script(&self, expression: &str) -> Value {
        self.try_script(expression).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn try_script(&self, expression: &str) -> Result<Value, Value> {
        let result = self.browser.try_call(&self.session, "Runtime.evaluate", evaluated(expression))?;
        match result.get("exceptionDetails") {
            Some(error) => Err(error.clone()),
            None => Ok(result["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true; while a page goes and the next comes, nothing is.
    pub(crate) fn until(&self, expression: &str) {
        let start = Instant::now();
        loop {
            if self.try_script(expression).is_ok_and(|value| value == true) {
                return;
            }
            if start.elapsed() > PATIENCE {
                let page = self.try_script("location.href + '\\n' + document.body?.innerText");
                panic!("never true: {expression}; the page: {page:?}");
            }
            std::thread::park_timeout(Duration::from_millis(25));
        }
    }

    /// Waits until the page says something.
    pub(crate) fn sees(&self, text: &str) {
        self.until(&format!(
            "document.readyState === 'complete' && document.body.innerText.includes({})",
            json!(text)
        ));
    }

    /// Fills in the field with a label, in place of what is there.
    pub(crate) fn fill(&self, label: &str, value: &str) {
        self.until(&format!("(() => {{ {FINDERS} return !!field({}); }})()", json!(label)));
        self.script(&format!(
            "(() => {{ {FINDERS} const one = field({}); one.focus(); one.select(); }})()",
            json!(label)
        ));
        self.call("Input.insertText", json!({ "text": value }));
    }

    /// Clicks on what has these words.
    pub(crate) fn click(&self, text: &str) {
        self.until(&format!("(() => {{ {FINDERS} return !!button({}); }})()", json!(text)));
        let at = self.script(&format!("(() => {{ {FINDERS} return middle(button({})); }})()", json!(text)));
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({ "type": kind, "x": at["x"], "y": at["y"], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Clicks on what leads to another page, and waits for that.
    pub(crate) fn follow(&self, text: &str) {
        self.script("window.left = true");
        self.click(text);
        self.until("!window.left && document.readyState === 'complete'");
    }

    /// The text of what a selector finds first.
    pub(crate) fn text(&self, selector: &str) -> String {
        let found = self.script(&format!("document.querySelector({})?.textContent", json!(selector)));
        found.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn path(&self) -> String {
        self.script("location.pathname + location.search").as_str().unwrap_or_default().to_owned()
    }

    /// Pictures of the page on a desk and on a phone, in light and dark, where `SCREENSHOTS` names a directory.
    pub(crate) fn shoot(&self, name: &str) {
        use base64::Engine;
        let Some(directory) = std::env::var_os("SCREENSHOTS") else { return };
        for (form, width, height) in [("desk", 1200, 900), ("phone", 360, 740)] {
            for scheme in ["light", "dark"] {
                let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": form == "phone" });
                self.call("Emulation.setDeviceMetricsOverride", size);
                let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
                self.call("Emulation.setEmulatedMedia", features);
                let picture = self.call("Page.captureScreenshot", json!({ "captureBeyondViewport": true }));
                let bytes =
                    base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap());
                let file = Path::new(&directory).join(format!("{name}-{form}-{scheme}.png"));
                std::fs::write(file, bytes.unwrap()).unwrap();
            }
        }
        self.call("Emulation.clearDeviceMetricsOverride", json!({}));
    }
}
