#include "recommend/recommenders.h"

#include <algorithm>

#include "recommend/test_recommenders.h"

namespace eunomia::recommend {
namespace {

using core::errc;

using testing::thrown;

class recommenders_on_both : public testing::recommenders_on_both {};

EUNOMIA_ON_BOTH_ENGINES(recommenders_on_both);

TEST_P(recommenders_on_both, an_untrained_recommender_says_so) {
  EXPECT_NE(thrown(errc::failed_precondition, [&] { ask(1); }).find("train"), std::string::npos);
  EXPECT_NE(thrown(errc::not_found, [&] { all_->served("other"); }).find("main"), std::string::npos);
}

TEST_P(recommenders_on_both, refuses_what_cannot_be) {
  auto twice = wanted();
  thrown(errc::already_exists, [&] { all_->create(twice); });
  auto other = wanted();
  other.name = "other";
  other.dataset = "nowhere";
  thrown(errc::not_found, [&] { all_->create(other); });
  other.dataset = "shop";
  other.what = {"ease", R"({"lambda": -1})"};
  thrown(errc::invalid_argument, [&] { all_->create(other); });
  other.what = {"auto", R"({"lambda": 1})"};
  thrown(errc::invalid_argument, [&] { all_->create(other); });
  other.what = {"ease", "{}"};
  other.keep_versions = 0;
  thrown(errc::invalid_argument, [&] { all_->create(other); });
  other.keep_versions = 1;
  other.when.every_hours = -1;
  thrown(errc::invalid_argument, [&] { all_->create(other); });
}

TEST_P(recommenders_on_both, somebody_who_objects_is_answered_as_a_stranger_from_the_next_question_on) {
  train();
  ASSERT_TRUE(ask(1).personal);
  const answer of_a_stranger = answers_->recommend("main", {.who = {"nobody we know", {}}, .count = 3});
  purposes_->choose(handle(user(1)), why_, subject::choice::object);
  const answer withheld = ask(1);
  EXPECT_FALSE(withheld.personal);
  EXPECT_EQ(withheld.withheld, "objection");
  ASSERT_EQ(withheld.items.size(), of_a_stranger.items.size());
  for (std::size_t i = 0; i < withheld.items.size(); ++i) {
    EXPECT_EQ(withheld.items[i].item, of_a_stranger.items[i].item);
    EXPECT_EQ(withheld.items[i].score, of_a_stranger.items[i].score);
  }
  EXPECT_FALSE(answers_->rank("main", {user(1), {}}, {"item-0", "item-5"}).personal);
  EXPECT_TRUE(answers_->explain("main", {user(1), {}}, "item-0", 5).items[0].because.empty());
  EXPECT_FALSE(ask(2).withheld);
  purposes_->choose(handle(user(1)), why_, subject::choice::withdraw_objection);
  EXPECT_TRUE(ask(1).personal);
  EXPECT_FALSE(ask(1).withheld);
}

TEST_P(recommenders_on_both, what_somebody_chose_leaves_after_their_rows) {
  const auto gone = handle(user(1));
  const auto stays = handle(user(2));
  for (const auto who : {gone, stays}) {
    purposes_->choose(who, why_, subject::choice::object);
    purposes_->choose(who, std::nullopt, subject::choice::restrict);
  }
  begin_erasure(gone);
  EXPECT_EQ(purposes_->choices_of(gone).size(), 2U);
  EXPECT_FALSE(purposes_->admission_for(why_)->admits(gone));
  finish_erasures();
  EXPECT_TRUE(purposes_->choices_of(gone).empty());
  EXPECT_TRUE(purposes_->evidence_of(gone).empty());
  EXPECT_EQ(purposes_->choices_of(stays).size(), 2U);
  EXPECT_FALSE(purposes_->admission_for(why_)->admits(stays));
}

TEST_P(recommenders_on_both, an_answer_says_which_reason_stood_against_a_personal_one) {
  train();
  purposes_->choose(handle(user(1)), std::nullopt, subject::choice::restrict);
  EXPECT_EQ(ask(1).withheld, "restriction");
  subject::purpose_definition by_consent = purposes_->find("recommendation");
  by_consent.basis = subject::lawful_basis::consent;
  purposes_->redefine(by_consent);
  EXPECT_EQ(ask(2).withheld, "no_consent");
  purposes_->choose(handle(user(2)), why_, subject::choice::consent);
  EXPECT_TRUE(ask(2).personal);
}

TEST_P(recommenders_on_both, a_model_learns_nothing_from_who_objects) {
  const auto objector = handle(user(7));
  purposes_->choose(objector, why_, subject::choice::object);
  const model_record without = train();
  EXPECT_FALSE(holds(without, objector));
  EXPECT_TRUE(holds(without, handle(user(8))));
  const auto bytes = bytes_of(without);
  all_->remove("main");
  forget({objector});
  all_->create(wanted());
  EXPECT_EQ(bytes_of(train()), bytes) << "of a dataset that does not have them";
}

TEST_P(recommenders_on_both, keeps_as_many_versions_as_it_was_told_and_serves_the_newest) {
  for (int i = 0; i < 3; ++i) {
    train();
  }
  const auto kept = all_->versions("main");
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].version, 3);
  EXPECT_TRUE(kept[0].serving);
  EXPECT_FALSE(kept[1].serving);
  EXPECT_EQ(ask(1).version, 3);
  EXPECT_EQ(all_->serve("main", 2, context()).version, 2);
  EXPECT_EQ(ask(1).version, 2);
  thrown(errc::not_found, [&] { all_->serve("main", 1, context()); });
  restart();
  all_->load_all(context());
  EXPECT_EQ(ask(1).version, 2);
}

TEST_P(recommenders_on_both, one_that_is_renewed_is_trained_as_it_was_and_keeps_its_places) {
  train();
  auto changed = all_->find("main");
  changed.what = {"popularity", "{}"};
  changed.serve_newest = false;
  all_->update(changed);
  train();
  all_->deploy("main", "beside", 1, context());
  const auto renewed = all_->renew("main", 1, why_, context());
  EXPECT_EQ(renewed.family, "ease");
  EXPECT_EQ(renewed.version, 3);
  EXPECT_EQ(renewed.line, 1);
  EXPECT_TRUE(renewed.serving);
  EXPECT_EQ(ask(1).version, 3);
  EXPECT_EQ(all_->deployment("main", "beside").version, 3);
  EXPECT_EQ(all_->versions("main").size(), 2U) << "the first is gone";
  EXPECT_EQ(all_->newest_of_line("main", 1), 3);
  EXPECT_EQ(all_->newest_of_line("main", 2), 2);
  EXPECT_EQ(all_->deploy("main", "late", 1, context()).version, 3) << "who names the first means what has its place";
  EXPECT_EQ(all_->serve("main", 1, context()).version, 3);
  restart();
  all_->load_all(context());
  EXPECT_EQ(all_->renew("main", 3, why_, context()).line, 1);
  EXPECT_EQ(all_->newest_of_line("main", 1), 4);
  EXPECT_EQ(all_->newest_of_line("main", 3), 0) << "nothing of it is kept";
  thrown(errc::not_found, [&] { all_->renew("main", 1, why_, context()); });
}

TEST_P(recommenders_on_both, one_that_was_removed_while_it_trained_leaves_no_model) {
  const training_session session(datasets_->open("shop"), {"ease", "{}"}, why_, context());
  all_->remove("main");
  thrown(errc::not_found, [&] { all_->train("main", session, context()); });
  EXPECT_TRUE(models_->all().empty());
}

TEST_P(recommenders_on_both, the_version_before_answers_when_another_cannot_be_loaded) {
  train();
  train();
  blobs_->remove(all_->versions("main").at(1).file.key);
  thrown(errc::not_found, [&] { all_->serve("main", 1, context()); });
  EXPECT_EQ(ask(1).version, 2);
  EXPECT_TRUE(all_->versions("main").at(0).serving);
}

TEST_P(recommenders_on_both, somebody_forgotten_is_nobody_at_once_and_gone_from_every_version_later) {
  train();
  train();
  const auto gone = handle(user(7));
  const auto request = begin_erasure(gone);
  EXPECT_FALSE(ask(7).known);
  ASSERT_EQ(request.steps.size(), 3U);
  EXPECT_EQ(request.steps[2].store, "memory");
  EXPECT_EQ(request.steps[2].count, 1U);
  EXPECT_FALSE(all_->served("main")->trained().learned_from().find(gone).has_value());
  EXPECT_EQ(erasures().find(request.id).completed_at, 0);

  ASSERT_EQ(finish_erasures().size(), 1U);
  for (const auto& version : all_->versions("main")) {
    EXPECT_FALSE(holds(version, gone)) << version.version;
  }
  const auto done = erasures().find(request.id);
  EXPECT_EQ(count_of(done, "waiting events of dataset \"shop\"") + count_of(done, "interactions of dataset \"shop\""),
            6U);
  EXPECT_EQ(count_of(done, "version 1 of recommender \"main\" (ease)"), 1U);
  EXPECT_EQ(count_of(done, "version 2 of recommender \"main\" (ease)"), 1U);
  EXPECT_FALSE(erasures().wait_since().has_value());
  EXPECT_TRUE(finish_erasures().empty());
}

TEST_P(recommenders_on_both, a_restart_before_the_disk_is_done_serves_nobody_who_was_forgotten) {
  train();
  const auto gone = handle(user(7));
  begin_erasure(gone);
  restart();
  ASSERT_TRUE(erasures().wait_since().has_value());
  EXPECT_TRUE(holds(all_->versions("main").at(0), gone));
  all_->load_all(context());
  EXPECT_FALSE(all_->served("main")->trained().learned_from().find(gone).has_value());
  finish_erasures();
  EXPECT_FALSE(holds(all_->versions("main").at(0), gone));
}

TEST_P(recommenders_on_both, a_training_keeps_nobody_who_left_while_it_ran) {
  const training_session session(datasets_->open("shop"), {"ease", "{}"}, why_, context());
  const auto gone = handle(user(7));
  begin_erasure(gone);
  const auto made = all_->train("main", session, context());
  EXPECT_EQ(made.people, people - 1);
  EXPECT_FALSE(holds(made, gone));
}

TEST_P(recommenders_on_both, a_training_knows_those_who_waited_when_it_began_though_they_are_done_before_it_ends) {
  people_leaving leaving;
  const std::vector gone = {handle(user(7))};
  leaving.expect(gone);
  {
    const people_leaving::training reads_their_rows(leaving);
    leaving.expect_no_more(gone);
    EXPECT_EQ(leaving.whom_models_may_hold(), gone);
  }
  EXPECT_TRUE(leaving.whom_models_may_hold().empty());
}

TEST_P(recommenders_on_both, a_version_that_cannot_be_loaded_keeps_the_request_waiting_and_nothing_else) {
  train();
  const auto damaged = train();
  all_->serve("main", 1, context());
  blobs_->remove(damaged.file.key);
  const auto gone = handle(user(7));
  const auto request = begin_erasure(gone);
  const std::string why = thrown(errc::not_found, [&] { finish_erasures(); });
  EXPECT_EQ(erasures().find(request.id).completed_at, 0);
  EXPECT_EQ(erasures().find(request.id).obstacle, why);
  EXPECT_TRUE(datasets_->open("shop").compact_history_of(gone, why_).events.empty());
  train();
  train();
  ASSERT_EQ(finish_erasures().size(), 1U);
  EXPECT_NE(erasures().find(request.id).completed_at, 0);
}

TEST_P(recommenders_on_both, a_version_that_answers_no_more_leaves_the_memory) {
  train();
  ask(1);
  const std::weak_ptr<const served_model> before = all_->served("main");
  train();
  answers_->drop_replaced();
  EXPECT_TRUE(before.expired());
  ask(1);
  const std::weak_ptr<const served_model> last = all_->served("main");
  all_->remove("main");
  answers_->drop_replaced();
  EXPECT_TRUE(last.expired());
}

TEST_P(recommenders_on_both, what_is_not_loaded_yet_is_to_be_asked_again) {
  train();
  restart();
  all_->expect_load_all();
  thrown(errc::unavailable, [&] { ask(1); });
  all_->load_all(context());
  EXPECT_EQ(ask(1).version, 1);
}

TEST_P(recommenders_on_both, a_model_that_forgot_and_was_rederived_has_the_bytes_of_one_that_never_saw_them) {
  train();
  const auto gone = handle(user(7));
  begin_erasure(gone);
  EXPECT_TRUE(all_->inexact_since().has_value());
  finish_erasures();
  EXPECT_FALSE(all_->versions("main").at(0).exact);
  EXPECT_EQ(all_->rederive(context()), 1U);
  EXPECT_FALSE(all_->inexact_since().has_value());
  const auto forgot = all_->versions("main").at(0);
  EXPECT_TRUE(forgot.exact);
  EXPECT_EQ(bytes_of(forgot), bytes_of(train()));
}

TEST_P(recommenders_on_both, what_an_erasure_left_to_be_derived_anew_is_settled_once_it_was_or_the_version_is_gone) {
  auto other = wanted();
  other.name = "factors";
  other.what = {"ials", R"({"factors": 4})"};
  all_->create(other);
  train();
  all_->train("factors", why_, context());
  const auto settled = [&](const subject::rights_request& request, std::string_view what) {
    const auto step = std::ranges::find(request.steps, what, &subject::certificate_step::what);
    EXPECT_EQ(step->level, subject::erasure_level::model_updated) << what;
    return house_->custodians.settled(*step, {pool_, job_});
  };
  const auto erase = [&](std::uint32_t person) {
    begin_erasure(handle(user(person)));
    return finish_erasures().at(0);
  };
  constexpr std::string_view ease = "version 1 of recommender \"main\" (ease)";
  constexpr std::string_view ials = "version 1 of recommender \"factors\" (ials)";

  const auto first = erase(7);
  for (const std::string_view what : {ease, ials}) {
    EXPECT_FALSE(settled(first, what)) << what;
  }
  all_->rederive(context());
  for (const std::string_view what : {ease, ials}) {
    const auto now = settled(first, what);
    ASSERT_TRUE(now) << what;
    EXPECT_EQ(now->level, subject::erasure_level::model_exactly_updated);
    EXPECT_FALSE(now->until);
    EXPECT_EQ(now->count, 1U);
  }
  const auto second = erase(8);
  all_->remove("factors");
  EXPECT_FALSE(settled(second, ease));
  ASSERT_TRUE(settled(second, ials));
  EXPECT_EQ(settled(second, ials)->level, subject::erasure_level::physically_erased);
  EXPECT_FALSE(settled(second, ials)->until);
}

TEST_P(recommenders_on_both, an_erasure_is_certified_anew_once_its_models_have_the_bits_of_a_retrain) {
  train();
  train();
  const auto request = begin_erasure(handle(user(7)));
  finish_erasures();
  EXPECT_TRUE(erasures().follow_up({pool_, job_}).empty());
  restart();
  all_->rederive(context());
  EXPECT_EQ(erasures().follow_up({pool_, job_}), std::vector{request.id});
  for (const auto& step : erasures().find(request.id).steps) {
    EXPECT_FALSE(step.until) << step.what;
  }
  EXPECT_NE(erasures().certificate_of(request.id),
            erasures().certificate_of(request.id, subject::certificate_edition::first));
}

TEST_P(recommenders_on_both, what_somebody_did_a_moment_ago_is_in_the_answer) {
  train();
  const auto newcomer = [&] { return answers_->recommend("main", {.who = {"newcomer", {}}, .explain = 1}); };
  EXPECT_FALSE(newcomer().known);
  const event seen = view("newcomer", "item-1");
  answers_->record("shop", {&seen, 1});
  const auto after = newcomer();
  EXPECT_TRUE(after.known && after.personal);
  ASSERT_FALSE(after.items.empty());
  EXPECT_EQ(after.items[0].because.at(0).item, "item-1");
}

TEST_P(recommenders_on_both, is_due_after_so_many_events_and_not_right_after_a_failure) {
  auto record = all_->find("main");
  record.when.after_events = 10;
  all_->update(record);
  EXPECT_EQ(all_->due(), std::vector<std::string>{"main"}) << "never trained, and there is enough";
  train();
  EXPECT_TRUE(all_->due().empty());
  for (std::int64_t i = 0; i < 10; ++i) {
    EXPECT_TRUE(all_->due().empty());
    const event one = view("late", "item-2", 2'000'000 + i);
    answers_->record("shop", {&one, 1});
  }
  EXPECT_EQ(all_->due(), std::vector<std::string>{"main"});

  record.what = {"ease", R"({"weighting": {"event_weights": {"view": 0}}})"};
  all_->update(record);
  thrown(errc::failed_precondition, [&] { train(); });
  EXPECT_FALSE(all_->find("main").failure.empty());
  EXPECT_TRUE(all_->due().empty());
  EXPECT_EQ(ask(1).version, 1) << "the old version goes on";
}

}  // namespace
}  // namespace eunomia::recommend
