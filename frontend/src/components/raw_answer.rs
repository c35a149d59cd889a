//! What an explorer's request was answered.

use leptos::prelude::*;

use super::CodeBlock;
use crate::{api::RawAnswer, i18n::*, text};

/// Status and time in a line, the body below it.
#[component]
pub(crate) fn RawAnswerView(
    /// The answer, whatever it is.
    answer: RawAnswer,
) -> impl IntoView {
    let i18n = use_i18n();
    let text = text::pretty_json(&answer.text);
    let (status, took) = (answer.status, answer.milliseconds);
    view! {
        <p class="berth-gap-below">
            <strong>{move || t_string!(i18n, explorer.answer, status = status, took = took)}</strong>
        </p>
        {(!text.is_empty())
            .then(|| {
                view! {
                    <CodeBlock
                        text
                        label=words!(i18n, explorer.answer_text)
                        file="answer.json".to_owned()
                        original=answer.text
                    />
                }
            })}
    }
}
