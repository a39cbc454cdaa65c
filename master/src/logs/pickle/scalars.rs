//! Values that need nothing but what follows their opcode; and why other opcodes are refused.

use super::{
    Node, PickleError, cursor::Cursor, error::shown, lines, long, opcode as op, tree::Tree,
};

/// Reads the value of an opcode.
pub(super) fn read(
    opcode: u8,
    cursor: &mut Cursor<'_>,
    tree: &mut Tree,
) -> Result<Node, PickleError> {
    match opcode {
        op::INT => lines::int(cursor),
        op::FLOAT => lines::float(cursor),
        op::UNICODE => lines::unicode(cursor, tree),
        op::STRING => lines::string(cursor, tree),
        op::NEWTRUE => Ok(Node::Bool(true)),
        op::NEWFALSE => Ok(Node::Bool(false)),
        op::LONG1 => {
            let length = cursor.byte()?;
            whole(cursor.take(length.into())?, tree)
        }
        op::LONG4 => {
            let length = cursor.length()?;
            whole(cursor.take(length)?, tree)
        }
        // Python 2 wrote its strings so: text more often than not.
        op::BINSTRING => {
            let length = cursor.length()?;
            cursor.span(length).map(Node::Text)
        }
        op::SHORT_BINSTRING => {
            let length = cursor.byte()?;
            cursor.span(length.into()).map(Node::Text)
        }
        op::BINUNICODE8 => {
            let length = cursor.long_length()?;
            cursor.span(length).map(Node::Text)
        }
        op::SHORT_BINBYTES => {
            let length = cursor.byte()?;
            cursor.span(length.into()).map(Node::Bytes)
        }
        op::BINBYTES => {
            let length = cursor.length()?;
            cursor.span(length).map(Node::Bytes)
        }
        op::BINBYTES8 | op::BYTEARRAY8 => {
            let length = cursor.long_length()?;
            cursor.span(length).map(Node::Bytes)
        }
        _ => Err(refused(opcode, cursor)),
    }
}

/// Why an opcode is not carried out.
fn refused(opcode: u8, cursor: &mut Cursor<'_>) -> PickleError {
    match opcode {
        op::INST => match (cursor.line(), cursor.line()) {
            (Ok((module, _)), Ok((name, _))) => PickleError::Import(shown(module, name)),
            _ => PickleError::Truncated,
        },
        op::OBJ | op::NEWOBJ | op::NEWOBJ_EX => PickleError::Call("make an object"),
        op::BUILD => PickleError::Call("fill an object"),
        op::EXT1 | op::EXT2 | op::EXT4 => PickleError::Call("import by a registered number"),
        op::PERSID | op::BINPERSID => PickleError::Call("look up an object outside of it"),
        op::NEXT_BUFFER | op::READONLY_BUFFER => PickleError::Call("use a buffer outside of it"),
        other => PickleError::Opcode(other),
    }
}

/// A whole number of any size.
fn whole(bytes: &[u8], tree: &mut Tree) -> Result<Node, PickleError> {
    if let Some(number) = long::small(bytes) {
        return Ok(Node::Int(number));
    }
    let is_decimal = bytes.len() <= long::MOST_DECIMAL;
    let most = bytes.len() * 5 / 2 + 24;
    let span = tree.write(most, |out| {
        if is_decimal {
            long::write_decimal(bytes, out);
        } else {
            long::write_hexadecimal(bytes, out);
        }
        Ok(())
    })?;
    Ok(if is_decimal {
        Node::Digits(span)
    } else {
        Node::Text(span)
    })
}
