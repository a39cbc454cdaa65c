//! The imports in a tree. Statements may be nested as deep as a file is long, so this is no recursion.

use brigade_protocol::jobs::imports::{Import, Name, What, When};
use ruff_python_ast::{
    BoolOp, ExceptHandler, Expr, Identifier, Stmt, StmtIf, StmtImport, StmtImportFrom, UnaryOp,
};
use ruff_text_size::Ranged;

use super::place::Lines;

/// Finds the imports of a module, in the order of its text.
pub(super) fn imports(text: &str, module: &[Stmt]) -> Vec<Import> {
    let mut found = collect(module);
    found.sort_unstable_by_key(|(stmt, _)| stmt.start());
    let mut lines = Lines::of(text.as_bytes());
    let mut imports = Vec::with_capacity(found.len());
    for (stmt, when) in found {
        let line = lines.line_at(stmt.start().to_usize());
        match stmt {
            Stmt::Import(stmt) => imports.extend(modules(stmt, line, when)),
            Stmt::ImportFrom(stmt) => imports.push(names(stmt, line, when)),
            _ => {}
        }
    }
    imports
}

/// The statements that import, in any order.
fn collect(module: &[Stmt]) -> Vec<(&Stmt, When)> {
    let mut found = Vec::new();
    let mut open = Bodies(vec![(module, When::default())]);
    while let Some((body, when)) = open.0.pop() {
        for stmt in body {
            match stmt {
                Stmt::Import(_) | Stmt::ImportFrom(_) => found.push((stmt, when)),
                Stmt::FunctionDef(stmt) => {
                    let is_deferred = true;
                    open.push(
                        &stmt.body,
                        When {
                            is_deferred,
                            ..when
                        },
                    );
                }
                Stmt::ClassDef(stmt) => open.push(&stmt.body, when),
                Stmt::If(stmt) => open.push_if(stmt, when),
                Stmt::For(stmt) => {
                    open.push(&stmt.body, when);
                    open.push(&stmt.orelse, when);
                }
                Stmt::While(stmt) => {
                    open.push(&stmt.body, when);
                    open.push(&stmt.orelse, when);
                }
                Stmt::With(stmt) => open.push(&stmt.body, when),
                Stmt::Match(stmt) => {
                    for case in &stmt.cases {
                        open.push(&case.body, when);
                    }
                }
                Stmt::Try(stmt) => {
                    let is_guarded = when.is_guarded || !stmt.handlers.is_empty();
                    open.push(&stmt.body, When { is_guarded, ..when });
                    for ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
                        open.push(&handler.body, when);
                    }
                    open.push(&stmt.orelse, when);
                    open.push(&stmt.finalbody, when);
                }
                _ => {}
            }
        }
    }
    found
}

/// Bodies that are still to be looked into.
struct Bodies<'a>(Vec<(&'a [Stmt], When)>);

impl<'a> Bodies<'a> {
    fn push(&mut self, body: &'a [Stmt], when: When) {
        if !body.is_empty() {
            self.0.push((body, when));
        }
    }

    /// What only type checkers take is known from the first condition on that says so.
    fn push_if(&mut self, stmt: &'a StmtIf, when: When) {
        let typing = When {
            is_typing: true,
            ..when
        };
        let mut rest = when;
        let clauses = stmt.elif_else_clauses.iter();
        let first = (Some(&*stmt.test), &stmt.body[..]);
        let others = clauses.map(|clause| (clause.test.as_ref(), &clause.body[..]));
        for (test, body) in std::iter::once(first).chain(others) {
            match test.and_then(is_checking) {
                Some(true) => self.push(body, typing),
                Some(false) => {
                    self.push(body, rest);
                    rest = typing;
                }
                None => self.push(body, rest),
            }
        }
    }
}

/// Whether a condition holds for type checkers only, or for all others only.
fn is_checking(mut test: &Expr) -> Option<bool> {
    let mut answer = true;
    while let Expr::UnaryOp(unary) = test
        && unary.op == UnaryOp::Not
    {
        answer = !answer;
        test = &unary.operand;
    }
    let is_named = |test: &Expr| match test {
        Expr::Name(name) => name.id == "TYPE_CHECKING",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    };
    match test {
        // Of the other way round nothing follows: the rest may be what fails.
        Expr::BoolOp(all) if answer && all.op == BoolOp::And => {
            all.values.iter().any(is_named).then_some(true)
        }
        test => is_named(test).then_some(answer),
    }
}

/// `import a, b as c`.
fn modules(stmt: &StmtImport, line: u32, mut when: When) -> impl Iterator<Item = Import> {
    when.is_deferred |= stmt.is_lazy;
    stmt.names.iter().map(move |alias| Import {
        line,
        level: 0,
        module: alias.name.to_string(),
        what: What::Module {
            alias: alias.asname.as_ref().map(Identifier::to_string),
        },
        when,
    })
}

/// `from ..a import b, c as d`.
fn names(stmt: &StmtImportFrom, line: u32, mut when: When) -> Import {
    when.is_deferred |= stmt.is_lazy;
    let name = |alias: &ruff_python_ast::Alias| Name {
        name: alias.name.to_string(),
        alias: alias.asname.as_ref().map(Identifier::to_string),
    };
    Import {
        line,
        level: stmt.level,
        module: stmt
            .module
            .as_ref()
            .map_or_else(String::new, Identifier::to_string),
        what: What::Names(stmt.names.iter().map(name).collect()),
        when,
    }
}
