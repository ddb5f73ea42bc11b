//! Chromium by its DevTools protocol, for what a script inside the page cannot do: keys and clicks
//! that the browser takes for a person's.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A key: its name, its code, its number in Windows, and the text that it types.
pub struct Key(&'static str, &'static str, u32, &'static str);

pub const TAB: Key = Key("Tab", "Tab", 9, "");
pub const ENTER: Key = Key("Enter", "Enter", 13, "\r");
pub const SPACE: Key = Key(" ", "Space", 32, " ");

/// A browser with one page open.
pub struct Session {
    browser: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    sent: u64,
    page: Option<String>,
}

impl Session {
    /// Starts this Chromium and opens an address in it.
    pub fn open(chromium: Command, address: &str) -> Self {
        // Chromium reads requests from descriptor 3 and replies to 4; `dup2` needs `unsafe`.
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec \"$@\" 3<&0 4>&1 >/dev/null 2>&1", "sh"]);
        shell.arg(chromium.get_program()).args(chromium.get_args());
        shell.args(["--remote-debugging-pipe", "about:blank"]);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut browser = shell.spawn().expect("a shell");
        let requests = browser.stdin.take().expect("a pipe");
        let replies = BufReader::new(browser.stdout.take().expect("a pipe"));
        let mut session = Session {
            browser,
            requests,
            replies,
            sent: 0,
            page: None,
        };
        let target = session.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = session.call("Target.attachToTarget", attach);
        session.page = attached["sessionId"].as_str().map(str::to_owned);
        // Otherwise the page scrolls smoothly, and an element would still move under the click.
        let still = json!([{"name": "prefers-reduced-motion", "value": "reduce"}]);
        session.call("Emulation.setEmulatedMedia", json!({ "features": still }));
        let opened = session.call("Page.navigate", json!({ "url": address }));
        assert_eq!(opened["errorText"], Value::Null, "{address}");
        session.evaluate(
            "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))",
        );
        session
    }

    /// Gives the page this width, and waits for it.
    pub fn resize(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.evaluate(&format!(
            "new Promise(done => {{ const look = () => innerWidth === {width} \
             ? requestAnimationFrame(done) : requestAnimationFrame(look); look(); }})"
        ));
    }

    /// Returns the value of a script, or what its promise becomes.
    pub fn evaluate(&mut self, script: &str) -> Value {
        let script = json!({"expression": script, "awaitPromise": true, "returnByValue": true});
        let found = self.call("Runtime.evaluate", script);
        assert_eq!(found["exceptionDetails"], Value::Null, "the script fails");
        found["result"]["value"].clone()
    }

    /// Presses and releases a key.
    pub fn press(&mut self, key: &Key) {
        let &Key(name, code, number, text) = key;
        let mut event = json!({
            "type": "keyDown", "key": name, "code": code, "windowsVirtualKeyCode": number,
        });
        if !text.is_empty() {
            event["text"] = text.into();
        }
        self.call("Input.dispatchKeyEvent", event.clone());
        event["type"] = "keyUp".into();
        self.call("Input.dispatchKeyEvent", event);
    }

    /// Scrolls to an element that a script names, and clicks its middle.
    pub fn click(&mut self, element: &str) {
        let place = self.evaluate(&format!(
            "(async () => {{ const one = {element}; one.scrollIntoView({{block: 'center'}}); \
             await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))); \
             const box = one.getBoundingClientRect(); \
             const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]; \
             return [x, y, one.contains(document.elementFromPoint(x, y))]; }})()"
        ));
        assert_eq!(place[2], true, "{element} is at {place}");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Calls a method of the protocol and returns its result. Messages end with a zero byte.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut request = json!({"id": self.sent, "method": method, "params": params});
        if let Some(page) = &self.page {
            request["sessionId"] = page.as_str().into();
        }
        let mut request = request.to_string().into_bytes();
        request.push(0);
        self.requests.write_all(&request).expect("Chromium listens");
        loop {
            let mut reply = Vec::new();
            self.replies.read_until(0, &mut reply).expect("a reply");
            assert_eq!(reply.pop(), Some(0), "Chromium ended during {method}");
            let reply: Value = serde_json::from_slice(&reply).expect("JSON");
            if reply["id"] == self.sent {
                assert_eq!(reply["error"], Value::Null, "{method}");
                return reply["result"].clone();
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The shell became the browser, whose other processes end with it.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
