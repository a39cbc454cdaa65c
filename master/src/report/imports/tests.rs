use std::{collections::BTreeMap, time::Duration};

use brigade_protocol::jobs::imports::{Fault, FaultKind, Import, Name, Place, Scan, What, When};

use super::*;
use crate::{jobs::imports::Scanned, report::Format};

fn import(line: u32, level: u32, module: &str, names: &[(&str, Option<&str>)]) -> Import {
    let name = |&(name, alias): &(&str, Option<&str>)| Name {
        name: name.to_owned(),
        alias: alias.map(str::to_owned),
    };
    Import {
        line,
        level,
        module: module.to_owned(),
        what: match names {
            [] => What::Module {
                alias: Some("short".into()),
            },
            names => What::Names(names.iter().map(name).collect()),
        },
        when: When {
            is_deferred: line > 2,
            ..When::default()
        },
    }
}

fn sample() -> Vec<Scanned> {
    let fault = Fault {
        place: Some(Place { line: 7, column: 3 }),
        count: 3,
        ..Fault::of_file(FaultKind::Syntax, "expected an expression".into())
    };
    let first = Scan {
        imports: vec![
            import(1, 0, "typing", &[("Any", None)]),
            import(2, 0, "os.path", &[]),
            import(3, 1, "", &[("b", Some("c")), ("d", None)]),
        ],
        ..Scan::default()
    };
    let second = Scan {
        fault: Some(fault),
        ..Scan::default()
    };
    let scanned = |path: &str, scan| Scanned {
        path: Path::new(path).into(),
        scan,
    };
    vec![scanned("a.py", first), scanned("b\n.py", second)]
}

fn by_file(format: Format) -> String {
    let focus = Focus {
        module: "typing",
        mark: "->",
    };
    let mut out = Vec::new();
    files(format, &focus, &sample(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn by_module(format: Format) -> String {
    let mut users = BTreeMap::new();
    for (name, file, places) in [
        ("b", Some(1), vec![(0, 3), (0, 9)]),
        ("os.path", None, vec![(0, 2)]),
    ] {
        users.insert(name.to_owned(), Users { file, places });
    }
    let mut out = Vec::new();
    modules(format, &users, &sample(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_are_those_of_the_chapter() {
    assert_eq!(
        by_file(Format::Lines),
        "-> a.py {., os.path, typing}\n   b?.py {}\n"
    );
    assert_eq!(
        by_module(Format::Lines),
        "b a.py:3\nb a.py:9\nos.path a.py:2\n"
    );
}

#[test]
fn one_object_a_line_and_one_row_a_name() {
    insta::assert_snapshot!(by_file(Format::Json), @r#"
    {"path":"a.py","focus":true,"imports":[{"line":1,"level":0,"module":"typing","names":[{"name":"Any"}],"typing":false,"deferred":false,"guarded":false},{"line":2,"level":0,"module":"os.path","as":"short","typing":false,"deferred":false,"guarded":false},{"line":3,"level":1,"module":"","names":[{"name":"b","as":"c"},{"name":"d"}],"typing":false,"deferred":true,"guarded":false}]}
    {"path":"b\n.py","focus":false,"imports":[],"error":{"kind":"syntax","line":7,"column":3,"message":"expected an expression","count":3}}
    "#);
    insta::assert_snapshot!(by_file(Format::Csv), @r#"
    path,line,level,module,name,alias,typing,deferred,guarded
    a.py,1,0,typing,Any,,false,false,false
    a.py,2,0,os.path,,short,false,false,false
    a.py,3,1,,b,c,false,true,false
    a.py,3,1,,d,,false,true,false
    "#);
    insta::assert_snapshot!(by_module(Format::Json), @r#"
    {"module":"b","file":{"path":"b\n.py"},"imported_by":[{"path":"a.py","line":3},{"path":"a.py","line":9}]}
    {"module":"os.path","imported_by":[{"path":"a.py","line":2}]}
    "#);
    insta::assert_snapshot!(by_module(Format::Csv), @r#"
    module,path,line
    b,a.py,3
    b,a.py,9
    os.path,a.py,2
    "#);
}

#[test]
fn tables_are_for_people() {
    insta::assert_snapshot!(by_file(Format::Table), @r#"
           file   imports              modules
    ───────────────────────────────────────────
     ->   a.py          3   ., os.path, typing
          b?.py         0
    "#);
    insta::assert_snapshot!(by_module(Format::Table), @r#"
      module   files   imports    here
    ───────────────────────────────────
     b             1         2   b?.py
     os.path       1         1
    "#);
}

#[test]
fn what_is_wrong_is_told_as_editors_read_it() {
    let files = sample();
    assert_eq!(
        fault(&files[1].path, files[1].scan.fault.as_ref().unwrap()),
        "b?.py:7:3: syntax error: expected an expression (and 2 more)"
    );
    let kinds = [FaultKind::Syntax, FaultKind::Unread, FaultKind::Syntax];
    assert_eq!(
        faults(kinds.into_iter(), 1).unwrap(),
        "files: 2 with syntax errors, 1 that cannot be read, 1 not looked into"
    );
    assert_eq!(faults([].into_iter(), 0), None);
    assert_eq!(
        summary(134, Duration::from_millis(16)),
        "Searched 134 files at 0.119ms/file"
    );
    assert_eq!(
        summary(0, Duration::from_millis(5)),
        "Searched 0 files: no Python file was found"
    );
}
