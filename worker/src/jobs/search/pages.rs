//! Writes what matches onto pages: lines with their numbers and context, or counts.

use std::ops::Range;

use brigade_protocol::jobs::search::{Line, Page, Wanted};
use memchr::{memchr_iter, memrchr};

use super::matcher::{Matcher, line_end};

/// A page that holds so many bytes of text, or so many lines, is sent. It stays in the processor's caches on its way.
const FULL_BYTES: usize = 64 << 10;
const FULL_LINES: usize = 2048;
/// Of a line, so many matches are told; of a page, it is sent once there are as many.
const FULL_SPANS: usize = 1 << 16;

/// Searches files one after another and hands over pages as they are full. `send` gives a page back, empty, so that
/// its memory is used again.
pub(super) struct Pages<'a, F> {
    matcher: &'a Matcher,
    wanted: Wanted,
    page: Page,
    send: F,
}

impl<'a, E, F: FnMut(Page) -> Result<Page, E>> Pages<'a, F> {
    pub(super) fn new(matcher: &'a Matcher, wanted: Wanted, send: F) -> Self {
        Self {
            matcher,
            wanted,
            page: Page::default(),
            send,
        }
    }

    /// Searches the next file.
    pub(super) fn search(&mut self, file: u32, text: &[u8]) -> Result<(), E> {
        let count = match self.wanted {
            Wanted::Counts => self.matcher.count(text),
            Wanted::Lines { before, after, .. } => {
                let context = Context { before, after };
                self.lines(file, text, context)?
            }
        };
        if count > 0 {
            self.page.counts.push((file, count));
        }
        self.page.through = Some(file);
        self.send_if(self.page.counts.len() >= FULL_LINES)
    }

    /// Sends what is left.
    pub(super) fn finish(mut self) -> Result<(), E> {
        (self.send)(self.page).map(drop)
    }

    /// All lines of a file that match, each within its context; how many match.
    fn lines(&mut self, file: u32, text: &[u8], context: Context) -> Result<u64, E> {
        let mut count = 0;
        let mut at = Place::default();
        let mut next = self.matcher.next_line(text, 0);
        while let Some(line) = next {
            count += 1;
            let start = at.before(text, line.start, context.before);
            at.go(text, start);
            while at.start < line.start {
                let end = line_end(text, at.start);
                self.put(file, &at, &text[at.start..end], false)?;
                at.step(end);
            }
            self.put(file, &at, &text[line.clone()], true)?;
            at.step(line.end);
            next = self.matcher.next_line(text, at.start);
            let limit = next.as_ref().map_or(text.len(), |next| next.start);
            for _ in 0..context.after {
                if at.start >= limit {
                    break;
                }
                let end = line_end(text, at.start);
                self.put(file, &at, &text[at.start..end], false)?;
                at.step(end);
            }
        }
        Ok(count)
    }

    fn put(&mut self, file: u32, at: &Place, line: &[u8], is_match: bool) -> Result<(), E> {
        let Wanted::Lines { spans, longest, .. } = self.wanted else {
            return Ok(());
        };
        let shown = &line[..line.len().min(longest as usize)];
        let page = &mut self.page;
        page.text.extend_from_slice(shown);
        if spans && is_match {
            let places = &mut page.spans;
            let most = places.len() + FULL_SPANS;
            self.matcher.spans(shown, |Range { start, end }| {
                places.push((narrow(start), narrow(end)));
                places.len() < most
            });
        }
        page.lines.push(Line {
            file,
            number: at.number,
            is_match,
            end: narrow(page.text.len()),
            cut: (line.len() - shown.len()) as u64,
            spans: narrow(page.spans.len()),
        });
        let is_full = page.text.len() >= FULL_BYTES
            || page.lines.len() >= FULL_LINES
            || page.spans.len() >= FULL_SPANS;
        self.send_if(is_full)
    }

    fn send_if(&mut self, is_full: bool) -> Result<(), E> {
        if is_full {
            self.page = (self.send)(std::mem::take(&mut self.page))?;
        }
        Ok(())
    }
}

/// Pages are far smaller.
fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// How many lines around a match are shown.
#[derive(Debug, Clone, Copy)]
struct Context {
    before: u32,
    after: u32,
}

/// The beginning of a line.
#[derive(Debug)]
struct Place {
    start: usize,
    number: u64,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            start: 0,
            number: 1,
        }
    }
}

impl Place {
    /// On to the line that begins at `start`.
    fn go(&mut self, text: &[u8], start: usize) {
        if start > self.start {
            self.number += memchr_iter(b'\n', &text[self.start..start]).count() as u64;
            self.start = start;
        }
    }

    /// On to the line after this one, which ends at `end`.
    fn step(&mut self, end: usize) {
        self.start = end + 1;
        self.number += 1;
    }

    /// Where the line begins that stands so many lines before `start`, not before this place.
    fn before(&self, text: &[u8], start: usize, lines: u32) -> usize {
        let mut start = start;
        for _ in 0..lines {
            if start <= self.start {
                break;
            }
            start = memrchr(b'\n', &text[self.start..start - 1])
                .map_or(self.start, |end| self.start + end + 1);
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use brigade_protocol::jobs::search::Pattern;

    use super::*;

    fn pages(pattern: &[u8], texts: &[&[u8]], wanted: Wanted) -> Vec<Page> {
        let matcher = Matcher::new(&Pattern::literal(pattern)).unwrap();
        let mut all = Vec::new();
        let mut pages = Pages::new(&matcher, wanted, |page| {
            all.push(page);
            Ok::<Page, Infallible>(Page::default())
        });
        for (number, text) in (0..).zip(texts) {
            pages.search(number, text).unwrap();
        }
        pages.finish().unwrap();
        all
    }

    fn lines(before: u32, after: u32) -> Wanted {
        Wanted::Lines {
            before,
            after,
            spans: true,
            longest: 10,
        }
    }

    /// Each line as `number:text` or, where it is context, `number-text`.
    fn shown(pages: &[Page]) -> Vec<String> {
        let page = |page: &Page| {
            let mut start = 0;
            let mut line = |line: &Line| {
                let text = &page.text[start..line.end as usize];
                start = line.end as usize;
                let mark = if line.is_match { ':' } else { '-' };
                format!("{}{mark}{}", line.number, String::from_utf8_lossy(text))
            };
            page.lines.iter().map(&mut line).collect::<Vec<_>>()
        };
        pages.iter().flat_map(page).collect()
    }

    #[test]
    fn lines_have_their_numbers_and_their_context_once() {
        let text = b"0\n1\nx2\n3\n4\nx5\nx6\n7\n8\n9\nx10";
        let all = |before, after| shown(&pages(b"x", &[text], lines(before, after))).join(" ");
        assert_eq!(all(0, 0), "3:x2 6:x5 7:x6 11:x10");
        assert_eq!(all(1, 0), "2-1 3:x2 5-4 6:x5 7:x6 10-9 11:x10");
        assert_eq!(all(0, 1), "3:x2 4-3 6:x5 7:x6 8-7 11:x10");
        assert_eq!(
            all(9, 9),
            "1-0 2-1 3:x2 4-3 5-4 6:x5 7:x6 8-7 9-8 10-9 11:x10"
        );
    }

    #[test]
    fn counts_and_the_last_file_are_told() {
        let texts: [&[u8]; 4] = [b"a x\nx", b"none", b"", b"x"];
        for wanted in [Wanted::Counts, lines(0, 0)] {
            let [page] = &pages(b"x", &texts, wanted)[..] else {
                panic!("one page")
            };
            assert_eq!(page.counts, [(0, 2), (3, 1)]);
            assert_eq!(page.through, Some(3));
        }
    }

    #[test]
    fn long_lines_are_cut_and_say_so() {
        let [page] = &pages(b"x", &[b"12345x789abcdefx"], lines(0, 0))[..] else {
            panic!("one page")
        };
        assert_eq!((&page.text[..], page.lines[0].cut), (&b"12345x789a"[..], 6));
        assert_eq!(page.spans, [(5, 6)]);
    }

    #[test]
    fn many_lines_make_many_pages_and_lose_none() {
        let text = b"x\n".repeat(3 * FULL_LINES + 5);
        let pages = pages(b"x", &[&text], lines(0, 0));
        assert_eq!(pages.len(), 4);
        assert_eq!(shown(&pages).len(), 3 * FULL_LINES + 5);
        assert!(pages[..3].iter().all(|page| page.through.is_none()));
    }
}
