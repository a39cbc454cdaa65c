//! Sizes on the command line.

/// The largest size that is taken: a float holds every whole number up to here.
const MOST: f64 = 9_007_199_254_740_992.0;

/// A size in bytes: `500K`, `1.5M`, `2G`, `1T`, with 1024 for a thousand.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[number.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1_u64,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        "T" | "TB" | "TIB" => 1 << 40,
        other => return Err(format!("unknown unit `{other}`: expected K, M, G or T")),
    };
    let bytes = number
        .parse::<f64>()
        .ok()
        .map(|number| number * unit as f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 2^53"
    )]
    bytes
        .filter(|bytes| (0.0..=MOST).contains(bytes))
        .map(|bytes| bytes as u64)
        .ok_or_else(|| format!("expected a size such as 500K or 1.5G, found `{text}`"))
}

/// The same, but not nothing.
pub(crate) fn some_size(text: &str) -> Result<u64, String> {
    Some(size(text)?)
        .filter(|size| *size > 0)
        .ok_or_else(|| format!("expected a size above zero such as 64K or 100M, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_understood_with_their_units() {
        for (text, expected) in [
            ("7", 7),
            ("500K", 512_000),
            ("1.5k", 1536),
            ("16m", 16 << 20),
            ("2GiB", 2 << 30),
            ("1T", 1 << 40),
        ] {
            assert_eq!(some_size(text), Ok(expected), "{text}");
        }
        for text in ["", "K", "5Q", "-1", "99999999999G", "1e30", "NaN", "inf"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert_eq!(size("0"), Ok(0));
        assert!(some_size("0").is_err() && some_size("0.1").is_err());
    }
}
