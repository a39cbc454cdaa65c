use super::super::{Format, TuneReport, written};

#[test]
#[expect(clippy::too_many_lines, reason = "the object as it is")]
fn everything_in_one_object() {
    let mut report = TuneReport::sample();
    report.cells.truncate(1);
    report.cells[0].rank = 1;
    insta::assert_snapshot!(written(&report, Format::Json, true), @r#"
    {
      "data": "bezdekIris.data",
      "test": null,
      "rows": 150,
      "features": 4,
      "classes": 3,
      "split": "every:5",
      "scale": "none",
      "weights": "uniform",
      "metric": "accuracy",
      "workers": 2,
      "seconds": 0.012345,
      "best": {
        "k": 5,
        "distance": "ED",
        "quality": 0.9666666666666667,
        "sd": 0.0,
        "passed": 29,
        "tested": 30,
        "rank": 1
      },
      "best_cells": 1,
      "cells": [
        {
          "k": 5,
          "distance": "ED",
          "quality": 0.9666666666666667,
          "sd": 0.0,
          "passed": 29,
          "tested": 30,
          "rank": 1
        }
      ],
      "best_index_": 0,
      "best_score_": 0.9666666666666667,
      "best_params_": {
        "metric": "euclidean",
        "n_neighbors": 5,
        "weights": "uniform"
      },
      "cv_results_": {
        "mean_test_score": [
          0.9666666666666667
        ],
        "param_metric": [
          "euclidean"
        ],
        "param_n_neighbors": [
          5
        ],
        "param_weights": [
          "uniform"
        ],
        "params": [
          {
            "metric": "euclidean",
            "n_neighbors": 5,
            "weights": "uniform"
          }
        ],
        "rank_test_score": [
          1
        ],
        "split0_test_score": [
          0.9666666666666667
        ],
        "std_test_score": [
          0.0
        ]
      },
      "confusion": {
        "labels": [
          "Iris-setosa",
          "Iris-versicolor",
          "Iris-virginica"
        ],
        "matrix": [
          [
            10,
            0,
            0
          ],
          [
            0,
            10,
            0
          ],
          [
            1,
            0,
            9
          ]
        ]
      },
      "class_report": [
        {
          "class": "Iris-setosa",
          "precision": 0.9090909090909091,
          "recall": 1.0,
          "f1": 0.9523809523809523,
          "support": 10
        },
        {
          "class": "Iris-versicolor",
          "precision": 1.0,
          "recall": 1.0,
          "f1": 1.0,
          "support": 10
        },
        {
          "class": "Iris-virginica",
          "precision": 1.0,
          "recall": 0.9,
          "f1": 0.9473684210526315,
          "support": 10
        }
      ]
    }
    "#);
}

#[test]
fn minkowski_has_its_exponent() {
    let report = TuneReport::of_grid(&[1], &["minkowski:3"], &[30]);
    let json = written(&report, Format::Json, false);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({"metric": "minkowski", "n_neighbors": 1, "p": 3.0, "weights": "uniform"});
    assert_eq!(json["best_params_"], expected);
}
