//! What went wrong, as a page.

use axum::http::StatusCode;
use maud::{DOCTYPE, Markup, html};

use super::{login_page, page::head};
use crate::web::Problem;

/// A problem for people.
pub(crate) fn problem_page(problem: &Problem) -> Markup {
    if problem.status == StatusCode::UNAUTHORIZED {
        return login_page(Some(&problem.detail));
    }
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&format!("{} · Brigade", problem.title()), false))
            body.narrow {
                main #main {
                    p.code { (problem.status.as_u16()) }
                    h1 { (problem.title()) }
                    p.problem role="alert" { (problem.detail) }
                    p { a href="/" { "Back to the page" } }
                }
            }
        }
    }
}
