//! `master serve` and programs that read it: the `OpenAPI` document holds for all answers, and metrics are what Prometheus
//! reads.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;

use brigade_tests::{site::Site, within};
use serde_json::Value;

#[test]
fn metrics_are_what_prometheus_reads() {
    within(30, || {
        let site = Site::start::<&str>(&[]);
        site.get("/nowhere").expect(404);
        let answer = site.get("/metrics").expect(200);
        assert!(
            answer
                .header("content-type")
                .starts_with("text/plain; version=0.0.4")
        );
        let mut family = String::new();
        for line in answer.body.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge"].contains(&kind), "{line}");
                assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
                family = name.to_owned();
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(series.split('{').next(), Some(family.as_str()), "{line}");
                value.parse::<u64>().unwrap();
            }
        }
        assert!(
            answer
                .body
                .contains("brigade_http_answers_total{class=\"4xx\"} 1\n")
        );
        assert_eq!(site.get("/healthz").expect(200).body, "ok\n");
    });
}

/// Holds a value to a schema of the document; the part of JSON Schema that it uses.
#[track_caller]
fn hold(value: &Value, schema: &Value, document: &Value, place: &str) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(&reference[1..]).unwrap();
        return hold(value, schema, document, place);
    }
    if schema.get("anyOf").is_some() {
        let chosen = usize::from(value.is_null());
        return hold(value, &schema["anyOf"][chosen], document, place);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let is = |kind: &&str| match *kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => unreachable!("{other}"),
    };
    assert!(
        kinds.iter().any(is),
        "{place}: {value} is none of {kinds:?}"
    );
    if let (Some(names), Some(word)) = (schema["enum"].as_array(), value.as_str()) {
        assert!(names.iter().any(|name| name == word), "{place}: {word}");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(
            value.get(name.as_str().unwrap()).is_some(),
            "{place}: no {name}"
        );
    }
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            hold(value, schema, document, &format!("{place}.{name}"));
        }
    }
    for value in value.as_array().into_iter().flatten() {
        hold(value, &schema["items"], document, &format!("{place}[]"));
    }
}

#[test]
fn answers_are_what_the_openapi_document_says() {
    within(60, || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.txt"), "one\ntwo\n").unwrap();
        let options = [
            "--search",
            "a.txt",
            "--logs",
            "127.0.0.1:0",
            "--logs-output",
            "out.jsonl",
        ];
        let site = Site::start_in(folder.path(), &options);
        let document = site.get("/api/v1/openapi.json").expect(200).json();
        let id = site.tune(&[("keep", "yes")], None);
        site.ended(id);
        let paths = document["paths"].as_object().unwrap();
        let mut held = 0;
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let method = method.to_uppercase();
                let path = path.replace("{id}", &id.to_string());
                let query = if path.contains("search") {
                    "?q=one"
                } else {
                    ""
                };
                let content = &operation["responses"]["200"]["content"];
                if method != "GET" || content.get("text/event-stream").is_some() {
                    continue;
                }
                let answer = site.get(&format!("{path}{query}"));
                let is_redirect = answer.status == 303;
                assert!(is_redirect || answer.status == 200, "{path}: {answer:?}");
                if let Some(schema) = content["application/json"].get("schema") {
                    hold(&answer.json(), schema, &document, &path);
                    held += 1;
                }
                for (kind, _) in content.as_object().unwrap().iter().filter(|_| !is_redirect) {
                    assert!(answer.header("content-type").starts_with(kind), "{path}");
                }
            }
        }
        assert!(held >= 7, "{held}");
        let created = site
            .post("/api/v1/tunes", &[("k", "1,3")], None)
            .expect(201)
            .json();
        hold(
            &created,
            &serde_json::json!({"$ref": "#/components/schemas/Tune"}),
            &document,
            "created",
        );
        let problem = site.get("/api/v1/tunes/99").expect(404);
        assert_eq!(problem.header("content-type"), "application/problem+json");
        hold(
            &problem.json(),
            &serde_json::json!({"$ref": "#/components/schemas/Problem"}),
            &document,
            "problem",
        );
    });
}
