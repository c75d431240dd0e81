//! The conditions of lessons and audiences: what is refused, and what the rest come to.

use crate::course_files::check;
use crate::course_files::check_help;
use crate::course_files::listening_with;
use crate::course_files::newsletter_with;
use dripline::course::AskKind;
use dripline::course::Audience;
use dripline::course::Fact;
use dripline::course::Facts;
use dripline::course::Value;
use dripline::course::Verdict;
use dripline::course::Vocabulary;
use dripline::course::When;
use proptest::collection::vec;
use proptest::prelude::Just;
use proptest::prelude::Strategy;
use proptest::prelude::prop;
use proptest::prop_assert;
use proptest::prop_oneof;
use proptest::proptest;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[test]
fn a_when_names_questions_options_and_fields_that_exist() {
    let when = |text: &str, expect: &[&str]| check(&listening_with(&format!("when = '{text}'")), expect);
    when("answers.region in [\"neck\", \"jaw\"]", &[]);
    when("not (answers.ease >= 3 and answers.region is answered) or \"left\" in answers.parts", &[]);
    when(
        "answers.regoin == \"neck\" or answers.region == \"nek\"",
        &[
            "listening.md:3:9: error: `when`: no lesson asks a question `regoin`",
            "listening.md:3:55: error: `when`: the question has no option `nek`",
        ],
    );
    when(
        "answers.region not in [\"neck\", \"hand\"]",
        &["listening.md:3:40: error: `when`: the question has no option `hand`"],
    );
    when("\"lft\" in answers.parts", &["listening.md:3:9: error: `when`: the question has no option `lft`"]);
    when("answers.ease == \"3\"", &["listening.md:3:9: error: `when`: a text is compared with a number"]);
    when("answers.ease == 11", &["listening.md:3:25: error: `when`: `11` isn't on the question's scale"]);
    when("answers.region > 3", &["listening.md:3:9: error: `when`: only numbers have an order"]);
    when("answers.parts == \"left\"", &["listening.md:3:9: error: `when`: a list can't be compared by == or !="]);
    when("\"n\" in answers.region", &["listening.md:3:9: error: `when`: right of `in` must stand a list"]);
    when("subscriber.fields.horn == \"x\"", &["listening.md:3:9: error: `when`: there is no field `horn`"]);
    when(
        "subscriber.email == \"x\"",
        &["listening.md:3:9: error: `when`: `subscriber.email` isn't something a condition can ask about"],
    );
    when("answers.region = \"neck\"", &["listening.md:3:24: error: `when`: `=` has no meaning here"]);
    when("answers.region == \"neck\" && true", &["listening.md:3:34: error: `when`: `&` has no meaning here"]);
    when("answers.region", &["listening.md:3:23: error: `when`: a comparison was expected here"]);
    when("(true", &["listening.md:3:14: error: `when`: a `)` is missing here"]);
    when("true true", &["listening.md:3:14: error: `when`: `and`, `or` or the end was expected here"]);
    when("answers.region == \"neck", &["listening.md:3:27: error: `when`: this text has no closing quote"]);
    when(&"(".repeat(9_000), &["listening.md:3:41: error: `when`: this condition is nested too deep"]);
    check_help(&listening_with("when = 'answers.regoin == 1'"), "did you mean `answers.region`?");
    check_help(&listening_with("when = 'answers.region + 1'"), "a condition is made of answers.ID");
}

#[test]
fn an_audience_is_made_of_completed_courses() {
    let audience = |text: &str| newsletter_with("issues =", &format!("audience = '{text}'\nissues ="));
    check(&audience("completed(\"a\") and not (completed(\"b\") or completed(\"c\"))"), &[]);
    check(
        &audience("complete(\"a\")"),
        &["course.toml:7:13: error: `newsletter.audience`: `completed` was expected here"],
    );
    check(&audience("completed(\"a\""), &["course.toml:7:26: error: `newsletter.audience`: `)` was expected here"]);
}

fn vocabulary() -> Vocabulary {
    let options = |ids: &[&str]| ids.iter().map(|id| (id.to_string(), id.to_string())).collect();
    let scale = AskKind::Scale { min: 0, max: 10, low: String::new(), high: String::new() };
    let questions = [
        ("region", AskKind::Choice(options(&["neck", "jaw"]))),
        ("parts", AskKind::Choices(options(&["left", "right"]))),
        ("ease", scale),
        ("words", AskKind::Text),
    ];
    Vocabulary {
        questions: questions.into_iter().map(|(id, kind)| (id.to_string(), Some(kind))).collect(),
        fields: BTreeSet::from(["horn".to_string()]),
        incomplete: false,
        was_in_force: false,
    }
}

fn facts(answers: &[(&str, Fact)]) -> Facts {
    let answers = answers.iter().map(|(id, fact)| (id.to_string(), fact.clone())).collect();
    Facts { answers, language: "pt".to_string(), fields: BTreeMap::from([("horn".to_string(), "cello".to_string())]) }
}

fn text(text: &str) -> Fact {
    Fact::Answered(Value::Text(text.to_string()))
}

#[track_caller]
fn comes_to(condition: &str, facts: &Facts, expect: Verdict) {
    let when = When::parse(condition, &vocabulary()).unwrap();
    assert_eq!(when.evaluate(facts), expect, "{condition} of {facts:?}");
}

#[test]
fn a_comparison_with_an_unanswered_question_is_false_whichever_it_is() {
    for facts in [facts(&[]), facts(&[("region", Fact::Unanswered), ("ease", Fact::Unanswered)])] {
        comes_to("answers.region == 'neck'", &facts, Verdict::Fails);
        comes_to("answers.region != 'neck'", &facts, Verdict::Fails);
        comes_to("answers.ease < 3", &facts, Verdict::Fails);
        comes_to("answers.ease >= 3", &facts, Verdict::Fails);
        comes_to("answers.region in ['neck']", &facts, Verdict::Fails);
        comes_to("answers.region not in ['neck']", &facts, Verdict::Fails);
        comes_to("'left' not in answers.parts", &facts, Verdict::Fails);
        comes_to("not answers.region == 'neck'", &facts, Verdict::Holds);
        comes_to("answers.region is answered", &facts, Verdict::Fails);
        comes_to("answers.region is not answered", &facts, Verdict::Holds);
    }
}

#[test]
fn an_answer_decides() {
    let parts = Fact::Answered(Value::Texts(vec!["left".to_string()]));
    let facts = facts(&[("region", text("neck")), ("ease", Fact::Answered(Value::Number(3.0))), ("parts", parts)]);
    comes_to("answers.region == 'neck'", &facts, Verdict::Holds);
    comes_to("answers.region != 'neck'", &facts, Verdict::Fails);
    comes_to("answers.region in [\"jaw\", \"neck\"]", &facts, Verdict::Holds);
    comes_to("answers.region not in [\"jaw\"]", &facts, Verdict::Holds);
    comes_to("answers.ease == 3 and answers.ease <= 3 and answers.ease >= 3", &facts, Verdict::Holds);
    comes_to("answers.ease < 3 or answers.ease > 3", &facts, Verdict::Fails);
    comes_to("answers.ease > -1 and answers.ease < 3.5", &facts, Verdict::Holds);
    comes_to("answers.ease in [1, 2]", &facts, Verdict::Fails);
    comes_to("'left' in answers.parts and 'right' not in answers.parts", &facts, Verdict::Holds);
    comes_to("answers.region is answered and answers.words is not answered", &facts, Verdict::Holds);
    comes_to("subscriber.language == 'pt' and subscriber.fields.horn in ['cello']", &facts, Verdict::Holds);
    comes_to("false or not (false or not true)", &facts, Verdict::Holds);
    comes_to("true or true and false", &facts, Verdict::Holds);
}

#[test]
fn an_awaited_answer_is_waited_for_only_where_it_decides() {
    let facts = facts(&[("region", Fact::Pending), ("ease", Fact::Answered(Value::Number(3.0)))]);
    comes_to("answers.region == 'neck'", &facts, Verdict::Awaits);
    comes_to("not answers.region == 'neck'", &facts, Verdict::Awaits);
    comes_to("answers.region is answered", &facts, Verdict::Awaits);
    comes_to("answers.region is not answered", &facts, Verdict::Awaits);
    comes_to("answers.region == 'neck' and answers.ease > 5", &facts, Verdict::Fails);
    comes_to("answers.region == 'neck' or answers.ease < 5", &facts, Verdict::Holds);
    comes_to("answers.region == 'neck' and answers.ease < 5", &facts, Verdict::Awaits);
    comes_to("answers.region == answers.words", &facts, Verdict::Fails);
}

#[test]
fn an_audience_admits_by_what_a_person_completed() {
    let check = |audience: &str, completed: &[&str], expect: bool| {
        let audience = Audience::parse(audience).unwrap();
        assert_eq!(audience.admits(&completed.iter().map(ToString::to_string).collect()), expect, "{completed:?}");
    };
    check("completed(\"a\")", &["a"], true);
    check("completed(\"a\")", &[], false);
    check("completed('a') and not completed('b')", &["a"], true);
    check("completed('a') and not completed('b')", &["a", "b"], false);
    check("completed('a') or completed('b')", &["b"], true);
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![Just(Fact::Pending), Just(Fact::Unanswered), Just(text("neck")), Just(text("jaw"))]
}

fn condition() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("answers.region == 'neck'".to_string()),
        Just("answers.words != answers.region".to_string()),
        Just("answers.words is answered".to_string()),
        Just("answers.region is not answered".to_string()),
        Just("answers.region not in ['jaw']".to_string()),
    ];
    leaf.prop_recursive(4, 20, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|one| format!("not ({one})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) and {other}")),
            (inner.clone(), inner).prop_map(|(one, other)| format!("{one} or ({other})")),
        ]
    })
}

proptest! {
    #[test]
    fn no_answer_that_comes_later_changes_what_was_decided(
        condition in condition(),
        region in fact(),
        words in fact(),
        later in fact(),
    ) {
        let when = When::parse(&condition, &vocabulary()).unwrap();
        let decided = when.evaluate(&facts(&[("region", region.clone()), ("words", words.clone())]));
        let come = |fact: Fact| if fact == Fact::Pending { later.clone() } else { fact };
        let after = when.evaluate(&facts(&[("region", come(region)), ("words", come(words))]));
        prop_assert!(decided == Verdict::Awaits || decided == after, "{condition}: {decided:?}, then {after:?}");
        if later != Fact::Pending {
            prop_assert!(after != Verdict::Awaits, "nothing is awaited any more");
        }
    }

    #[test]
    fn a_random_condition_never_panics(
        words in vec(prop::sample::select(vec![
            "answers.region", "answers.ease", "answers.parts", "==", "in", "not", "is", "answered", "and", "or", "(", ")",
            "[", "]", ",", "'neck'", "3", "true", "subscriber.language", "ü", "-", "\"",
        ]), 0..12),
    ) {
        let condition = words.join(" ");
        match When::parse(&condition, &vocabulary()) {
            Ok(when) => prop_assert!(when.evaluate(&facts(&[])) != Verdict::Awaits),
            Err(faults) => prop_assert!(faults.iter().all(|fault| condition.get(fault.at.clone()).is_some())),
        }
    }
}
