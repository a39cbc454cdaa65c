//! The stack machine: opcodes in, values out.

use super::{
    Kind, MOST_DEEP, MOST_VALUES, Node, PickleError, Record, cursor::Cursor, lines, memo::Memo,
    names, opcode as op, scalars, tree::Tree,
};

pub(super) const UNDERFLOW: PickleError =
    PickleError::Damaged("it takes a value where there is none");

/// The newest protocol that is understood.
const NEWEST: u8 = 5;

/// Reads records, one after the other, and keeps its memory in between.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(super) stack: Vec<Node>,
    /// Where on the stack the marks are.
    marks: Vec<usize>,
    memo: Memo,
    pub(super) tree: Tree,
    /// How many more values the record may have.
    room: usize,
}

/// What is kept of the stack for the next record.
const KEPT: usize = 1 << 12;

impl Machine {
    /// Reads one pickle, which must be a dict.
    pub(crate) fn read<'a>(&'a mut self, bytes: &'a [u8]) -> Result<Record<'a>, PickleError> {
        self.stack.clear();
        self.stack.shrink_to(KEPT);
        self.marks.clear();
        self.memo.clear();
        self.tree.clear(bytes.len());
        self.room = MOST_VALUES;
        let mut cursor = Cursor::new(bytes);
        loop {
            let opcode = cursor.byte()?;
            if opcode == op::STOP {
                break;
            }
            self.step(opcode, &mut cursor, bytes)?;
        }
        if cursor.left() > 0 {
            return Err(PickleError::Trailing(cursor.left()));
        }
        match self.pop()? {
            Node::Held(Kind::Dict, root) => Ok(Record {
                tree: &self.tree,
                bytes,
                root,
            }),
            other => Err(PickleError::NotRecord(name_of(other))),
        }
    }

    /// The opcodes that records of Python's `SocketHandler` are made of, and then the others.
    #[inline]
    fn step(
        &mut self,
        opcode: u8,
        cursor: &mut Cursor<'_>,
        bytes: &[u8],
    ) -> Result<(), PickleError> {
        match opcode {
            op::BINUNICODE => {
                let length = cursor.length()?;
                self.push(Node::Text(cursor.span(length)?))
            }
            op::SHORT_BINUNICODE => {
                let length = cursor.byte()?;
                self.push(Node::Text(cursor.span(length.into())?))
            }
            op::BINPUT => {
                let number = cursor.byte()?;
                self.put(number.into())
            }
            op::MEMOIZE => {
                let value = self.top()?;
                self.spend()?;
                self.memo.push(value);
                Ok(())
            }
            op::BINGET => {
                let number = cursor.byte()?;
                self.push(self.memo.get(number.into())?)
            }
            op::NONE => self.push(Node::None),
            op::BININT1 => {
                let number = cursor.byte()?;
                self.push(Node::Int(number.into()))
            }
            op::BININT2 => {
                let number = u16::from_le_bytes(cursor.array()?);
                self.push(Node::Int(number.into()))
            }
            op::BININT => {
                let number = i32::from_le_bytes(cursor.array()?);
                self.push(Node::Int(number.into()))
            }
            op::BINFLOAT => {
                let number = f64::from_be_bytes(cursor.array()?);
                self.push(Node::Float(number))
            }
            op::LONG => {
                let number = lines::long(cursor)?;
                self.push(number)
            }
            op::MARK => self.mark(),
            op::EMPTY_DICT => self.hold(Kind::Dict),
            op::SETITEMS => self.add_marked(Kind::Dict),
            _ => self.other(opcode, cursor, bytes),
        }
    }

    fn other(
        &mut self,
        opcode: u8,
        cursor: &mut Cursor<'_>,
        bytes: &[u8],
    ) -> Result<(), PickleError> {
        match opcode {
            op::EMPTY_LIST => self.hold(Kind::List),
            op::EMPTY_TUPLE => self.hold(Kind::Tuple),
            op::EMPTY_SET => self.hold(Kind::Set),
            op::LIST => self.hold_marked(Kind::List),
            op::DICT => self.hold_marked(Kind::Dict),
            op::TUPLE => self.hold_marked(Kind::Tuple),
            op::FROZENSET => self.hold_marked(Kind::Set),
            op::TUPLE1 => self.hold_last(1),
            op::TUPLE2 => self.hold_last(2),
            op::TUPLE3 => self.hold_last(3),
            op::APPEND => self.add_last(Kind::List, 1),
            op::SETITEM => self.add_last(Kind::Dict, 2),
            op::APPENDS => self.add_marked(Kind::List),
            op::ADDITEMS => self.add_marked(Kind::Set),
            op::POP => self.drop_top(),
            op::POP_MARK => {
                let mark = self.unmark()?;
                self.stack.truncate(mark);
                Ok(())
            }
            op::DUP => {
                let value = self.top()?;
                self.push(value)
            }
            op::GET | op::LONG_BINGET | op::PUT | op::LONG_BINPUT => self.remember(opcode, cursor),
            op::REDUCE => self.reduce(bytes),
            op::GLOBAL => {
                let ((module, _), (name, _)) = (cursor.line()?, cursor.line()?);
                self.push(names::known(module, name)?)
            }
            op::STACK_GLOBAL => self.stack_global(bytes),
            op::PROTO => match cursor.byte()? {
                0..=NEWEST => Ok(()),
                newer => Err(PickleError::Protocol(newer)),
            },
            // Frames are for readers that read from a file.
            op::FRAME => match cursor.long_length()? {
                length if length <= cursor.left() => Ok(()),
                _ => Err(PickleError::Truncated),
            },
            _ => {
                let value = scalars::read(opcode, cursor, &mut self.tree)?;
                self.push(value)
            }
        }
    }

    fn remember(&mut self, opcode: u8, cursor: &mut Cursor<'_>) -> Result<(), PickleError> {
        let number = match opcode {
            op::GET | op::PUT => lines::memo_number(cursor)?,
            _ => u32::from_le_bytes(cursor.array()?),
        };
        match opcode {
            op::GET | op::LONG_BINGET => self.push(self.memo.get(number)?),
            _ => self.put(number),
        }
    }

    /// Takes the place of one value.
    #[inline]
    fn spend(&mut self) -> Result<(), PickleError> {
        self.room = self.room.checked_sub(1).ok_or(PickleError::TooMany)?;
        Ok(())
    }

    #[inline]
    pub(super) fn push(&mut self, value: Node) -> Result<(), PickleError> {
        self.spend()?;
        self.stack.push(value);
        Ok(())
    }

    #[inline]
    fn put(&mut self, number: u32) -> Result<(), PickleError> {
        let value = self.top()?;
        self.spend()?;
        self.memo.put(number, value);
        Ok(())
    }

    /// Where the values end that the innermost mark protects.
    pub(super) fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    #[inline]
    fn top(&self) -> Result<Node, PickleError> {
        self.stack.last().copied().ok_or(UNDERFLOW)
    }

    fn pop(&mut self) -> Result<Node, PickleError> {
        if self.stack.len() <= self.floor() {
            return Err(UNDERFLOW);
        }
        self.stack.pop().ok_or(UNDERFLOW)
    }

    fn drop_top(&mut self) -> Result<(), PickleError> {
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    #[inline]
    fn mark(&mut self) -> Result<(), PickleError> {
        // Each container that is being filled has one mark, its key another.
        if self.marks.len() > 2 * MOST_DEEP {
            return Err(PickleError::TooDeep);
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    #[inline]
    pub(super) fn unmark(&mut self) -> Result<usize, PickleError> {
        self.marks.pop().ok_or(PickleError::Damaged(
            "it ends a run of values that was not begun",
        ))
    }

    fn stack_global(&mut self, bytes: &[u8]) -> Result<(), PickleError> {
        let (name, module) = (self.pop()?, self.pop()?);
        let (Node::Text(name), Node::Text(module)) = (name, module) else {
            return Err(PickleError::Damaged("the name of an import is no text"));
        };
        let found = names::known(self.tree.bytes(bytes, module), self.tree.bytes(bytes, name))?;
        self.push(found)
    }

    /// What Python writes instead of bytes and sets in protocols that have no opcode for them.
    fn reduce(&mut self, bytes: &[u8]) -> Result<(), PickleError> {
        let (arguments, callable) = (self.pop()?, self.pop()?);
        let value = names::reduce(callable, arguments, bytes, &mut self.tree)?;
        self.push(value)
    }
}

fn name_of(node: Node) -> &'static str {
    match node {
        Node::None => "None",
        Node::Bool(_) => "a bool",
        Node::Int(_) | Node::Digits(_) => "an int",
        Node::Float(_) => "a float",
        Node::Text(_) => "a str",
        Node::Bytes(_) => "bytes",
        Node::Held(Kind::List, _) => "a list",
        Node::Held(Kind::Tuple, _) => "a tuple",
        Node::Held(Kind::Set, _) => "a set",
        Node::Held(Kind::Dict, _) => "a dict",
        Node::Known(_) => "a class",
    }
}
