//! `live::ftp_url` is an FTP URL (RFC 1738 §3.2): the server, the user, and the path.

use halfclose_ftp::{RemoteName, Representation};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::Error;

/// The port of FTP (RFC 959 §8).
const PORT: u16 = 21;

/// The parts of an FTP URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FtpUrl {
    /// The user and the password, as far as the URL has them.
    pub user: Option<String>,
    pub password: Option<String>,
    /// The name or the address of the server.
    pub host: String,
    pub port: u16,
    /// The path for the server: relative to the directory in which the session begins, or from the
    /// root with a leading `/`. An empty path is this directory.
    pub path: RemoteName,
    /// The transfer type: `;type=a` is text; `;type=i` and no type are bytes.
    pub representation: Representation,
}

impl FtpUrl {
    /// Reads an FTP URL.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Input(format!("URL `{}`: {what}", shown(text)));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("it must be written ftp://HOST/PATH"));
        };
        if !scheme.eq_ignore_ascii_case("ftp") {
            return Err(wrong("the scheme must be ftp://"));
        }
        // The URL standard forgives missing slashes, and would take the first name of the path for
        // a host.
        if rest.starts_with(['/', '?', '#']) || rest.is_empty() {
            return Err(wrong("no host: write ftp://HOST/PATH"));
        }
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("`?` and `#` in a name are written %3F and %23"));
        }
        let host = match url.host() {
            Some(Host::Ipv6(ip)) => ip.to_string(),
            Some(host) => host.to_string(),
            None => return Err(wrong("no host: write ftp://HOST/PATH")),
        };
        let port = url.port().unwrap_or(PORT);
        if port == 0 {
            return Err(wrong("port 0 is not a port: write 1 to 65535"));
        }
        let decoded = |part: &str| {
            let part: Vec<u8> = percent_decode_str(part).collect();
            match part.iter().any(u8::is_ascii_control) {
                true => Err(wrong("a control character is not allowed")),
                false => Ok(part),
            }
        };
        let words = |part: &str| String::from_utf8(decoded(part)?).map_err(|_| wrong("not UTF-8"));
        let (path, representation) = plain_path(url.path())
            .ok_or_else(|| wrong("a type is ;type=i (bytes) or ;type=a (text)"))?;
        let user = Some(url.username()).filter(|user| !user.is_empty());
        Ok(Self {
            user: user.map(words).transpose()?,
            password: url.password().map(words).transpose()?,
            host,
            port,
            path: RemoteName::from(&*decoded(path)?),
            representation,
        })
    }

    /// The last name of the path; empty for a directory.
    pub(crate) fn file_name(&self) -> &[u8] {
        self.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The URL for people, without the password.
    pub(crate) fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

/// The path without the slash that only ends the host, and without the transfer type.
fn plain_path(path: &str) -> Option<(&str, Representation)> {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.rsplit_once(";type=") {
        None => Some((path, Representation::Image)),
        Some((path, "i" | "I")) => Some((path, Representation::Image)),
        Some((path, "a" | "A")) => Some((path, Representation::Ascii)),
        Some(_) => None,
    }
}

/// The URL without its password, for messages; also of a malformed URL.
pub(crate) fn shown(text: &str) -> String {
    let start = text.find("://").map_or(0, |at| at + 3);
    let rest = &text[start..];
    let end = rest.find('/').unwrap_or(rest.len());
    let is_port = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    // A slash in a password ends the host too early, and the text behind the colon is no port.
    let (colon, at) = match (rest[..end].find(':'), rest[..end].rfind('@'), rest.rfind('@')) {
        (Some(colon), Some(at), _) if colon < at => (colon, at),
        (Some(colon), None, Some(at)) if !is_port(&rest[colon + 1..end]) => (colon, at),
        _ => return text.to_owned(),
    };
    // An IPv6 address contains colons.
    if rest.starts_with('[') {
        return text.to_owned();
    }
    format!("{}:****{}", &text[..start + colon], &rest[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(
        user: Option<&str>,
        password: Option<&str>,
        place: (&str, u16),
        path: &str,
    ) -> FtpUrl {
        let (user, password) = (user.map(str::to_owned), password.map(str::to_owned));
        FtpUrl {
            user,
            password,
            host: place.0.into(),
            port: place.1,
            path: path.into(),
            representation: Representation::Image,
        }
    }

    #[test]
    fn a_url_names_a_server_and_a_path() {
        for (text, expected) in [
            ("ftp://host", target(None, None, ("host", 21), "")),
            ("ftp://host/", target(None, None, ("host", 21), "")),
            ("FTP://host/a/b.bin", target(None, None, ("host", 21), "a/b.bin")),
            ("ftp://host//etc/x", target(None, None, ("host", 21), "/etc/x")),
            ("ftp://host/%2Fetc/x", target(None, None, ("host", 21), "/etc/x")),
            ("ftp://host/dir/", target(None, None, ("host", 21), "dir/")),
            ("ftp://me@host:2121/a", target(Some("me"), None, ("host", 2121), "a")),
            ("ftp://me:p%40ss@host/a", target(Some("me"), Some("p@ss"), ("host", 21), "a")),
            ("ftp://[::1]:2121/a", target(None, None, ("::1", 2121), "a")),
            ("ftp://127.0.0.1/a%20b%3F;type=i", target(None, None, ("127.0.0.1", 21), "a b?")),
            ("ftp://host/caf%C3%A9", target(None, None, ("host", 21), "café")),
        ] {
            assert_eq!(FtpUrl::parse(text).expect(text), expected);
        }
    }

    #[test]
    fn a_type_is_not_a_part_of_the_name() {
        let text = FtpUrl::parse("ftp://host/a.txt;type=a").expect("a URL");
        assert_eq!(
            (text.path.as_str(), text.representation),
            (Some("a.txt"), Representation::Ascii)
        );
    }

    #[test]
    fn a_url_that_cannot_be_right_is_refused_in_one_line() {
        for (text, what) in [
            ("host/a", "it must be written ftp://HOST/PATH"),
            ("http://host/a", "the scheme must be ftp://"),
            ("ftp:///a.bin", "no host: write ftp://HOST/PATH"),
            ("ftp://", "no host: write ftp://HOST/PATH"),
            ("ftp://:2121/a", "empty host"),
            ("ftp://host:0/a", "port 0 is not a port: write 1 to 65535"),
            ("ftp://host:70000/a", "invalid port number"),
            ("ftp://host/a?b", "`?` and `#` in a name are written %3F and %23"),
            ("ftp://host/a%0D%0ADELE%20b", "a control character is not allowed"),
            ("ftp://%ff@host/", "not UTF-8"),
            ("ftp://host/a;type=d", "a type is ;type=i (bytes) or ;type=a (text)"),
        ] {
            let error = FtpUrl::parse(text).expect_err(text).to_string();
            assert_eq!(error, format!("URL `{text}`: {what}"));
        }
    }

    #[test]
    fn a_password_is_not_shown_again() {
        for (text, expected) in [
            ("ftp://me:secret@host:0/a", "ftp://me:****@host:0/a"),
            ("ftp://me:hun/ter@h/a", "ftp://me:****@h/a"),
            ("ftp://me:s@cr:t@h:21/a@b", "ftp://me:****@h:21/a@b"),
            ("me:secret@host/a", "me:****@host/a"),
            ("ftp://host:21/a@b", "ftp://host:21/a@b"),
            ("ftp://[::1]:21/a@b", "ftp://[::1]:21/a@b"),
            ("ftp://me@host:21/a:b", "ftp://me@host:21/a:b"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected);
        }
        let error = FtpUrl::parse("ftp://me:hun/ter@h/a").expect_err("no port").to_string();
        assert!(error.starts_with("URL `ftp://me:****@h/a`"), "{error}");
    }
}
