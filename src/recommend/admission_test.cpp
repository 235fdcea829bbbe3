// What people chose, held against every way to read or write what they did.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "recommend/import.h"
#include "recommend/live_history.h"
#include "recommend/on_record.h"
#include "recommend/test_shop.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using subject::choice;
using items = std::vector<std::string>;

class admission_to_a_shop : public testing::shop_on_both_engines {
 protected:
  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (!IsSkipped()) {
      record({view("ann", "tea", 1), view("ann", "cup", 2), view("bob", "tea", 3), view("bob", "pot", 4)});
    }
  }

  void choose(const std::string& user, choice made) { purposes_->choose(handle(user), why_, made); }
  void rest_on(subject::lawful_basis basis) {
    subject::purpose_definition changed = purposes_->find(why_.name());
    changed.basis = basis;
    purposes_->redefine(changed);
  }
  static subject::purpose_definition newsletter() {
    return {.name = core::purpose("newsletter"), .notice = "We write to you."};
  }
  std::vector<core::subject_handle> loaded() { return load().subject; }
  std::string exported(data_kind kind, const std::string& name = "out.csv") {
    const auto file = folder_.path() / name;
    shop_->export_to(kind, file, why_, "a carrier", job_);
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void import_users(const std::string& content) {
    const auto file = folder_.path() / "users.csv";
    std::ofstream(file) << content;
    import_options how;
    how.undeclared = undeclared_columns::declare;
    dataset into = *shop_;
    import_files(into, data_kind::users, std::span(&file, 1), how, pool_, job_);
    shop_ = std::make_unique<dataset>(into);
  }
  errc refused_with(const std::function<void()>& action) { return store::sql::code_thrown_by(action); }
};
EUNOMIA_ON_BOTH_ENGINES(admission_to_a_shop);

TEST_P(admission_to_a_shop, an_objection_hides_a_history_that_waits_and_one_that_settled) {
  for (int settled = 0; settled < 2; ++settled) {
    EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
    choose("ann", choice::object);
    EXPECT_TRUE(history("ann").empty());
    EXPECT_EQ(items_of("bob"), (items{"tea", "pot"}));
    choose("ann", choice::withdraw_objection);
    settle();
  }
}

TEST_P(admission_to_a_shop, memory_shows_nothing_of_who_objects_and_all_of_it_again_after) {
  live_history live(*shop_);
  const auto ann = handle("ann");
  EXPECT_EQ(live.history_of(ann, why_)->events.size(), 2U);
  choose("ann", choice::object);
  EXPECT_TRUE(live.history_of(ann, why_)->events.empty());
  EXPECT_TRUE(live.history_of(ann, why_)->features->empty());
  choose("ann", choice::withdraw_objection);
  EXPECT_EQ(live.history_of(ann, why_)->events.size(), 2U);
}

TEST_P(admission_to_a_shop, memory_that_first_met_somebody_while_they_objected_has_all_of_it_later) {
  live_history live(*shop_);
  const auto ann = handle("ann");
  settle();
  choose("ann", choice::object);
  EXPECT_TRUE(live.history_of(ann, why_)->events.empty());
  live.warm_up(why_, pool_, job_);
  EXPECT_TRUE(live.history_of(ann, why_)->events.empty());
  EXPECT_EQ(live.history_of(handle("bob"), why_)->events.size(), 2U);
  choose("ann", choice::withdraw_objection);
  EXPECT_EQ(live.history_of(ann, why_)->events.size(), 2U);
}

TEST_P(admission_to_a_shop, a_load_has_the_rows_of_everybody_else_and_only_their_items) {
  choose("ann", choice::object);
  const interactions rest = load();
  EXPECT_EQ(rest.subject, (std::vector<core::subject_handle>{handle("bob"), handle("bob")}));
  EXPECT_EQ(rest.time, (std::vector<std::int64_t>{3, 4}));
  EXPECT_EQ(rest.items->size(), 2U);
  EXPECT_FALSE(rest.items->find("cup"));
  choose("ann", choice::withdraw_objection);
  EXPECT_EQ(loaded().size(), 4U);
}

TEST_P(admission_to_a_shop, a_load_closes_the_gaps_of_many_people) {
  std::vector<event> more;
  for (int person = 0; person < 200; ++person) {
    for (int step = 0; step < 5; ++step) {
      more.push_back(view(fmt::format("user-{}", person), fmt::format("item-{}", step), 1000 * person + step));
    }
  }
  record(more);
  const interactions all = load();
  std::vector<core::subject_handle> gone;
  for (int person = 0; person < 200; person += 3) {
    gone.push_back(handle(fmt::format("user-{}", person)));
    purposes_->choose(gone.back(), why_, choice::object);
  }
  const interactions rest = load();
  const interactions wanted = testing::events_without(all, gone);
  EXPECT_EQ(rest.subject, wanted.subject);
  EXPECT_EQ(rest.time, wanted.time);
  EXPECT_EQ(rest.item, wanted.item);
}

TEST_P(admission_to_a_shop, side_features_leave_out_who_objects) {
  import_users("USER_ID,TOWN\nann,Graz\nbob,Linz\n");
  EXPECT_FALSE(shop_->features_of(handle("ann"), why_).empty());
  choose("ann", choice::object);
  EXPECT_TRUE(shop_->features_of(handle("ann"), why_).empty());
  const auto features = shop_->load_features(*load().items, why_, pool_, job_);
  EXPECT_EQ(features.user_subjects, (std::vector<core::subject_handle>{handle("bob")}));
}

TEST_P(admission_to_a_shop, an_export_leaves_out_who_objects) {
  import_users("USER_ID,TOWN\nann,Graz\nbob,Linz\nann,Wien\n");
  choose("ann", choice::object);
  const std::string events = exported(data_kind::interactions);
  EXPECT_EQ(events.find("ann"), std::string::npos);
  EXPECT_NE(events.find("bob"), std::string::npos);
  const std::string users = exported(data_kind::users);
  EXPECT_EQ(users.find("Graz"), std::string::npos);
  EXPECT_EQ(users.find("Wien"), std::string::npos);
  EXPECT_NE(users.find("Linz"), std::string::npos);
  choose("ann", choice::withdraw_objection);
  const std::string again = exported(data_kind::users);
  EXPECT_EQ(again.find("Graz"), std::string::npos) << "only the newest row of a person is written";
  EXPECT_NE(again.find("Wien"), std::string::npos);
}

TEST_P(admission_to_a_shop, what_somebody_does_who_objects_is_counted_and_not_stored) {
  choose("ann", choice::object);
  const auto before = shop_->statistics();
  EXPECT_EQ(record({view("ann", "spoon", 5, "e1"), view("bob", "tea", 6), view("carl", "tea", 7)}),
            (record_report{2, 0, 1}));
  EXPECT_EQ(shop_->statistics().interactions, before.interactions + 2);
  EXPECT_EQ(shop_->statistics().items, before.items) << "no item is learned from it either";
  choose("ann", choice::withdraw_objection);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup"}));
  // Its event_id was not remembered.
  EXPECT_EQ(record({view("ann", "spoon", 5, "e1")}), (record_report{1, 0, 0}));
}

TEST_P(admission_to_a_shop, a_batch_of_nobody_who_is_admitted_stores_nothing) {
  choose("ann", choice::object);
  EXPECT_EQ(record({view("ann", "spoon", 5)}), (record_report{0, 0, 1}));
  EXPECT_EQ(count("dataset_event"), 4);
}

TEST_P(admission_to_a_shop, who_gave_no_consent_is_not_even_enrolled) {
  rest_on(subject::lawful_basis::consent);
  choose("ann", choice::consent);
  const auto known = people_->count("user");
  EXPECT_EQ(record({view("ann", "tea", 5), view("bob", "tea", 6), view("carl", "tea", 7)}), (record_report{1, 0, 2}));
  EXPECT_EQ(people_->count("user"), known);
  EXPECT_EQ(items_of("ann"), (items{"tea", "cup", "tea"}));
  EXPECT_TRUE(history("bob").empty());
}

TEST_P(admission_to_a_shop, a_person_is_recorded_while_one_of_the_purposes_admits_them) {
  purposes_->define(newsletter());
  dataset_description description;
  description.name = "both";
  description.purposes = {why_, core::purpose("newsletter")};
  const dataset both = datasets_->create(description);
  choose("ann", choice::object);
  EXPECT_EQ(both.record(std::vector<event>{view("ann", "tea", 1)}), (record_report{1, 0, 0}));
  EXPECT_TRUE(both.history_of(handle("ann"), why_).empty());
  EXPECT_EQ(both.history_of(handle("ann"), core::purpose("newsletter")).size(), 1U);
}

TEST_P(admission_to_a_shop, the_rights_of_one_person_are_read_whatever_they_chose_and_the_whole_is_not) {
  settle();
  record({view("ann", "pot", 9)});
  choose("ann", choice::object);
  const auto& right = core::purpose::rights_of_the_data_subject();
  EXPECT_EQ(shop_->history_of(handle("ann"), right).size(), 3U);
  EXPECT_EQ(refused_with([&] { shop_->load_interactions(right, pool_, job_); }), errc::permission_denied);
  EXPECT_EQ(refused_with(
                [&] { shop_->export_to(data_kind::interactions, folder_.path() / "x.csv", right, "a carrier", job_); }),
            errc::permission_denied);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "x.csv"));
}

TEST_P(admission_to_a_shop, a_dataset_is_not_made_for_a_purpose_that_nobody_defined) {
  dataset_description description;
  description.name = "other";
  description.purposes = {core::purpose("newsletter")};
  EXPECT_EQ(refused_with([&] { datasets_->create(description); }), errc::permission_denied);
  description.purposes = {core::purpose::rights_of_the_data_subject()};
  EXPECT_EQ(refused_with([&] { datasets_->create(description); }), errc::invalid_argument);
  description.purposes = {};
  EXPECT_EQ(refused_with([&] { datasets_->create(description); }), errc::invalid_argument);
  EXPECT_EQ(datasets_->list().size(), 1U);
}

TEST_P(admission_to_a_shop, another_purpose_is_listed_only_by_a_decision_about_what_it_was_collected_for) {
  purposes_->define(newsletter());
  purposes_->define({.name = core::purpose("research"), .notice = "We count."});
  const core::purpose added("newsletter");
  EXPECT_EQ(refused_with([&] { shop_->add_purpose(added); }), errc::permission_denied);
  EXPECT_EQ(refused_with([&] { shop_->history_of(handle("ann"), added); }), errc::permission_denied);
  purposes_->record_decision({0, why_, added, "data protection officer", "Told at collection.", 0});
  shop_->add_purpose(added);
  EXPECT_EQ(shop_->history_of(handle("ann"), added).size(), 2U);
  reopen();
  EXPECT_EQ(shop_->description().purposes.size(), 2U);
  // What follows from a decision is no collection: from it nothing follows.
  purposes_->record_decision({0, added, core::purpose("research"), "data protection officer", "A chain.", 0});
  EXPECT_EQ(refused_with([&] { shop_->add_purpose(core::purpose("research")); }), errc::permission_denied);
  EXPECT_EQ(refused_with([&] { shop_->add_purpose(core::purpose("unheard-of")); }), errc::not_found);
}

TEST_P(admission_to_a_shop, a_purpose_that_is_allowed_is_in_the_log_once_with_the_decision) {
  subject::audit_log log(db());
  const auto officer = subject::actor::token("officer");
  const core::purpose added("newsletter");
  purposes_->define(newsletter());
  EXPECT_EQ(refused_with([&] { allow_on_record(*shop_, log, added, officer); }), errc::permission_denied);
  EXPECT_TRUE(log.entries({}).empty());
  const auto decision =
      purposes_->record_decision({0, why_, added, "data protection officer", "Told at collection.", 0});
  allow_on_record(*shop_, log, added, officer);
  allow_on_record(*shop_, log, added, officer);
  const auto found = log.entries({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].actor, "token officer");
  EXPECT_EQ(found[0].action, "purpose.allowed");
  EXPECT_EQ(found[0].details, fmt::format(R"({{"dataset":"shop","purpose":"newsletter","decision":{}}})", decision.id));
}

TEST_P(admission_to_a_shop, a_purpose_whose_entry_cannot_be_written_is_not_allowed) {
  subject::audit_log log(db());
  const core::purpose added("newsletter");
  purposes_->define(newsletter());
  purposes_->record_decision({0, why_, added, "data protection officer", "Told at collection.", 0});
  db().write([](store::sql::transaction& in) { in.execute("DELETE FROM audit_head"); });
  EXPECT_EQ(refused_with([&] { allow_on_record(*shop_, log, added, subject::actor::system()); }), errc::corrupt);
  EXPECT_EQ(datasets_->open("shop").description().purposes.size(), 1U);
}

}  // namespace
}  // namespace eunomia::recommend
