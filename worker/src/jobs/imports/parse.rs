//! The text of a file as a tree, with Ruff's parser, which goes on after an error.

use brigade_protocol::jobs::imports::{Fault, FaultKind, Import};
use ruff_python_ast::{
    ModModule,
    token::{Token, TokenKind},
};
use ruff_python_parser::{Mode, ParseError, ParseOptions, Parsed, parse_unchecked};

use super::{place::place, statements::imports};

/// So much stack takes one level of a tree when it is freed, at most.
const LEVEL_BYTES: usize = 1 << 10;

/// So much stack takes parsing, at most, for each byte of the text: the parser grows its stack itself in most
/// recursions, and not in those over defaults of lambdas, `lambda x=lambda x=…`.
const STACK_PER_BYTE: usize = 1 << 9;

/// Stack for ordinary files.
const STACK: usize = 64 << 20;

/// Does something with a stack on which [`parse`] needs no other one, unless a file is large. Memory that is not touched
/// is not taken.
pub(super) fn with_stack<R>(work: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(STACK, STACK, work)
}

/// The imports of a module, and the first of what is wrong with it.
pub(super) fn parse(text: &str) -> (Vec<Import>, Option<Fault>) {
    let room = text.len().saturating_mul(STACK_PER_BYTE);
    let options = ParseOptions::from(Mode::Module);
    let parsed = stacker::maybe_grow(room, room, || parse_unchecked(text, options));
    let Some(parsed) = parsed.try_into_module() else {
        let fault = Fault::of_file(
            FaultKind::Syntax,
            "the parser takes it for no module".into(),
        );
        return (Vec::new(), Some(fault));
    };
    let found = imports(text, parsed.suite());
    let fault = fault(text, parsed.errors());
    free(parsed);
    (found, fault)
}

fn fault(text: &str, errors: &[ParseError]) -> Option<Fault> {
    let first = errors.iter().min_by_key(|error| error.location.start())?;
    Some(Fault {
        kind: FaultKind::Syntax,
        place: Some(place(text.as_bytes(), first.location.start().to_usize())),
        message: lower(&first.error.to_string()),
        count: u32::try_from(errors.len()).unwrap_or(u32::MAX),
    })
}

/// Messages are fragments.
fn lower(message: &str) -> String {
    let mut letters = message.chars();
    let is_word =
        |rest: &str| !rest.starts_with(|letter: char| letter.is_uppercase() || letter == '-');
    match letters.next() {
        Some(first) if is_word(letters.as_str()) => first.to_lowercase().chain(letters).collect(),
        _ => message.to_owned(),
    }
}

/// Frees a tree. That is a recursion as deep as the tree, which may be as deep as the file is long: `1+1+1+1+…`.
fn free(parsed: Parsed<ModModule>) {
    let room = deepest(parsed.tokens()).saturating_mul(LEVEL_BYTES);
    stacker::maybe_grow(room, room, || drop(parsed));
}

/// How deep a tree of these tokens can be at most: as many levels as there are tokens in one logical line, each of which
/// is a level at most, and the blocks around it.
fn deepest(tokens: &[Token]) -> usize {
    let (mut blocks, mut line, mut deepest) = (0_usize, 0_usize, 0_usize);
    for token in tokens {
        match token.kind() {
            TokenKind::Newline => line = 0,
            TokenKind::Indent => blocks += 1,
            TokenKind::Dedent => blocks = blocks.saturating_sub(1),
            _ => line += 1,
        }
        deepest = deepest.max(blocks + line);
    }
    deepest
}
