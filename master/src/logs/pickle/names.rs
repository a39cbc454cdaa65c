//! The few names that pickles import where they mean plain data.

use super::{
    Kind, Known, Node, PickleError,
    error::shown,
    tree::{Span, Tree},
};

/// The few names that stand for plain data.
pub(super) fn known(module: &[u8], name: &[u8]) -> Result<Node, PickleError> {
    let known = match (module, name) {
        (b"_codecs", b"encode") => Known::Encode,
        (b"__builtin__" | b"builtins", b"bytes") => Known::Bytes,
        (b"__builtin__" | b"builtins", b"bytearray") => Known::ByteArray,
        (b"__builtin__" | b"builtins", b"set" | b"frozenset") => Known::Set,
        _ => return Err(PickleError::Import(shown(module, name))),
    };
    Ok(Node::Known(known))
}

/// What a call of one of these names would give: found without any call.
pub(super) fn reduce(
    callable: Node,
    arguments: Node,
    bytes: &[u8],
    tree: &mut Tree,
) -> Result<Node, PickleError> {
    let (Node::Known(callable), Node::Held(Kind::Tuple, arguments)) = (callable, arguments) else {
        return Err(PickleError::Call("call something"));
    };
    match (callable, tree.only(arguments).unwrap_or_default()) {
        (Known::Encode | Known::ByteArray, &[Node::Text(text), Node::Text(encoding)])
            if matches!(tree.bytes(bytes, encoding), b"latin1" | b"latin-1") =>
        {
            encode(tree, bytes, text)
        }
        (Known::ByteArray, &[value @ Node::Bytes(_)]) => Ok(value),
        (Known::Bytes | Known::ByteArray, []) => Ok(Node::Bytes(Span::new(0, 0))),
        (Known::Set, &[Node::Held(Kind::List | Kind::Tuple | Kind::Set, values)]) => {
            Ok(tree.hold_same(Kind::Set, values))
        }
        (Known::Set, []) => Ok(tree.hold(Kind::Set)),
        _ => Err(PickleError::Call("call a function with unusual arguments")),
    }
}

/// Text of which every letter stands for a byte.
fn encode(tree: &mut Tree, bytes: &[u8], text: Span) -> Result<Node, PickleError> {
    const NO_BYTES: PickleError = PickleError::Damaged("bytes are no bytes");
    let text = str::from_utf8(tree.bytes(bytes, text)).map_err(|_| NO_BYTES)?;
    let encoded: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    let encoded = encoded.map_err(|_| NO_BYTES)?;
    let span = tree.write(encoded.len(), |out| {
        out.extend_from_slice(&encoded);
        Ok(())
    })?;
    Ok(Node::Bytes(span))
}
