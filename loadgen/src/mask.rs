//! Masks secrets in everything that is printed or written: passwords in URLs, credentials in
//! headers and query parameters.

/// Text that replaces a secret.
const MASK: &str = "***";
/// Secrets shorter than this are not searched for in bodies: they would match by chance.
const SHORTEST_SECRET: usize = 6;
/// Options of the command line whose value is a header.
const HEADER_OPTIONS: [&str; 2] = ["--header", "--otlp-header"];

/// Returns whether a header of this name carries a credential.
pub fn is_secret_header(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    let parts = [
        "auth", "cookie", "api-key", "apikey", "api_key", "token", "secret", "password",
    ];
    parts.iter().any(|part| name.contains(part))
}

fn is_secret_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let whole = ["key", "sig", "signature", "code"];
    whole.contains(&name.as_str()) || is_secret_header(&name)
}

/// Returns `url` with its userinfo and the values of secret query parameters masked.
pub fn url(url: &str) -> String {
    let (front, query) = match url.split_once('?') {
        Some((front, query)) => (front, Some(query)),
        None => (url, None),
    };
    let mut masked = match front.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find('/').unwrap_or(rest.len());
            match rest[..end].rfind('@') {
                Some(at) => format!("{scheme}://{MASK}{}", &rest[at..]),
                None => front.to_owned(),
            }
        }
        None => front.to_owned(),
    };
    if let Some(query) = query {
        let pairs: Vec<String> = query.split('&').map(parameter).collect();
        masked = format!("{masked}?{}", pairs.join("&"));
    }
    masked
}

fn parameter(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) if is_secret_parameter(name) => format!("{name}={MASK}"),
        _ => pair.to_owned(),
    }
}

/// Returns `header` (`Name: value`) with the value of a secret header masked.
pub fn header(header: &str) -> String {
    match header.split_once(':') {
        Some((name, _)) if is_secret_header(name) => format!("{name}: {MASK}"),
        Some(_) => header.to_owned(),
        // A header without a colon is refused; its text may still be a credential.
        None => MASK.to_owned(),
    }
}

/// Returns a command line with its secrets masked.
pub fn command(arguments: impl Iterator<Item = String>) -> Vec<String> {
    let mut masked = Vec::new();
    let mut is_header = false;
    for argument in arguments {
        let option = argument.split_once('=');
        masked.push(match option {
            _ if is_header => header(&argument),
            Some((name, value)) if HEADER_OPTIONS.contains(&name) => {
                format!("{name}={}", header(value))
            }
            _ if argument.contains("://") => url(&argument),
            _ => argument.clone(),
        });
        is_header = !is_header && HEADER_OPTIONS.contains(&argument.as_str());
    }
    masked
}

/// Secrets of a run, to be masked in text that a server sends.
#[derive(Clone, Debug, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Collects the secrets of `headers` (`Name: value`) and `urls`.
    pub fn new<'a>(
        headers: impl IntoIterator<Item = &'a String>,
        urls: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let mut secrets = Vec::new();
        for header in headers {
            if let Some((name, value)) = header.split_once(':')
                && is_secret_header(name)
            {
                // The credential is the last word of `Bearer …`.
                secrets.extend(value.split_whitespace().last().map(String::from));
                secrets.push(value.trim().to_owned());
            }
        }
        for url in urls {
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            let authority = rest.split('/').next().unwrap_or_default();
            if let Some((userinfo, _)) = authority.rsplit_once('@') {
                secrets.extend(userinfo.split(':').skip(1).map(String::from));
            }
            let query = url.split_once('?').map_or("", |(_, query)| query);
            for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
                secrets.extend(is_secret_parameter(name).then(|| value.to_owned()));
            }
        }
        secrets.retain(|secret| secret.len() >= SHORTEST_SECRET);
        // Longer ones first, since a shorter one may be a part of them.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// Returns `text` with every secret masked.
    pub fn mask(&self, text: &str) -> String {
        let replace = |text: String, secret: &String| text.replace(secret.as_str(), MASK);
        self.0.iter().fold(text.to_owned(), replace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_userinfo_and_secret_parameters_of_urls() {
        for (text, masked) in [
            ("http://u:p@host:1/a@b", "http://***@host:1/a@b"),
            ("https://token@host/", "https://***@host/"),
            ("http://h/?key=abc&alt=sse", "http://h/?key=***&alt=sse"),
            (
                "http://h/?api_key=abc&access_token=d",
                "http://h/?api_key=***&access_token=***",
            ),
            ("http://h/chat?q=a@b", "http://h/chat?q=a@b"),
            ("unix:/run/a.sock:/chat", "unix:/run/a.sock:/chat"),
        ] {
            assert_eq!(url(text), masked);
        }
    }

    #[test]
    fn masks_secret_headers() {
        for name in [
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "X-Api-Key",
            "api-key",
            "x-goog-api-key",
        ] {
            assert_eq!(header(&format!("{name}: abc")), format!("{name}: ***"));
        }
        assert_eq!(header("X-Trace: abc"), "X-Trace: abc");
        assert_eq!(header("Authorization Bearer abc"), "***");
    }

    #[test]
    fn masks_the_command_line() {
        let arguments = [
            "loadgen",
            "run",
            "--url",
            "http://u:p@h/",
            "--header",
            "Cookie: a",
            "--header=X-Api-Key: b",
            "--header",
            "Accept: c",
            "--otlp=http://u:p@h",
            "--users",
            "5",
        ];
        let expected = [
            "loadgen",
            "run",
            "--url",
            "http://***@h/",
            "--header",
            "Cookie: ***",
            "--header=X-Api-Key: ***",
            "--header",
            "Accept: c",
            "--otlp=http://***@h",
            "--users",
            "5",
        ];
        assert_eq!(command(arguments.into_iter().map(String::from)), expected);
    }

    #[test]
    fn masks_secrets_that_a_server_repeats() {
        let headers = [
            "Authorization: Bearer sk-123456".to_owned(),
            "X-Trace: trace-1".to_owned(),
        ];
        let urls = ["http://user:password1@h/?key=geheim1".to_owned()];
        let secrets = Secrets::new(&headers, &urls);
        let text = "no key sk-123456, password1, geheim1, trace-1";
        assert_eq!(secrets.mask(text), "no key ***, ***, ***, trace-1");
    }
}
