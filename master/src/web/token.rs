//! The token that clients from elsewhere must know, and the cookie that stands for it in a browser.

use std::{
    fs::File,
    io::{self, Read},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token that is shorter can be guessed.
pub(crate) const SHORTEST: usize = 16;

/// The cookie's name.
const COOKIE: &str = "brigade_session";

/// Why a token cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error(
        "the token has {0} bytes; expected {SHORTEST} at least, such as `openssl rand -hex 16` prints"
    )]
    Short(usize),
    #[error("cannot get random numbers: {0}")]
    Random(#[from] io::Error),
}

/// The token, kept as its digest, and this server's key of sessions.
#[derive(Debug)]
pub(crate) struct Token {
    digest: [u8; 32],
    session: String,
}

impl Token {
    /// Takes the token, and makes up a session that lasts as long as the server.
    pub(crate) fn new(text: &str) -> Result<Self, TokenError> {
        if text.len() < SHORTEST {
            return Err(TokenError::Short(text.len()));
        }
        let mut random = [0; 32];
        File::open("/dev/urandom")?.read_exact(&mut random)?;
        Ok(Self {
            digest: digest(text.as_bytes()),
            session: HEXLOWER.encode(&random),
        })
    }

    /// Whether this is the token. How long it takes says nothing about it: digests are compared, and all of them.
    pub(crate) fn is(&self, given: &str) -> bool {
        self.digest.ct_eq(&digest(given.trim().as_bytes())).into()
    }

    /// What a browser that knows the token is given to keep.
    pub(crate) fn cookie(&self) -> String {
        format!(
            "{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict",
            self.session
        )
    }

    /// What makes it forget.
    pub(crate) fn no_cookie() -> String {
        format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
    }

    /// Whether an `Authorization` or a `Cookie` shows that the client knows the token.
    pub(super) fn admits(&self, authorization: Option<&str>, cookies: &[&str]) -> bool {
        let bearer = authorization.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        if bearer.is_some_and(|token| self.is(token)) {
            return true;
        }
        let session = digest(self.session.as_bytes());
        cookies
            .iter()
            .flat_map(|line| line.split(';'))
            .filter_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .any(|value| bool::from(digest(value.as_bytes()).ct_eq(&session)))
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_and_its_cookie_are_admitted() {
        let token = Token::new("correct horse battery").unwrap();
        assert!(token.admits(Some("Bearer correct horse battery"), &[]));
        assert!(token.admits(Some("bearer correct horse battery"), &[]));
        for wrong in [
            "Bearer correct horse",
            "Bearer ",
            "Basic correct horse battery",
            "x",
            "",
        ] {
            assert!(!token.admits(Some(wrong), &[]), "{wrong}");
        }
        assert!(!token.admits(None, &[]));
        let cookie = token.cookie();
        let pair = cookie.split(';').next().unwrap();
        assert!(token.admits(None, &[&format!("a=b; {pair}; c=d")]));
        assert!(token.admits(None, &["a=b", pair]));
        assert!(!token.admits(None, &[&pair[..pair.len() - 1]]));
        assert!(!token.admits(None, &["brigade_session=", "brigade_session"]));
        let other = Token::new("correct horse battery").unwrap();
        assert!(!other.admits(None, &[pair]), "another server's session");
    }

    #[test]
    fn short_tokens_are_refused() {
        assert!(matches!(Token::new("secret"), Err(TokenError::Short(6))));
    }
}
