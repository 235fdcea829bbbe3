#include "recommend/dataset_collection.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "recommend/custodian.h"
#include "recommend/event_checks.h"
#include "recommend/import.h"
#include "recommend/model_registry.h"
#include "recommend/popularity.h"
#include "recommend/test_shop.h"
#include "subject/custody/testing.h"

namespace eunomia::recommend {
namespace {

using subject::testing::recording_collector;
namespace sql = store::sql;
using row = std::vector<std::string>;

class dataset_collection_test : public testing::shop_on_both_engines {
 protected:
  recording_collector told(const std::string& user) {
    recording_collector into;
    collect(*shop_, handle(user), {pool_, job_}, into);
    return into;
  }
  // What somebody did, in the order in which it is told.
  std::vector<row> interactions_of(const std::string& user) { return told(user).part("interactions-shop").rows; }
};

EUNOMIA_ON_BOTH_ENGINES(dataset_collection_test);

TEST_P(dataset_collection_test, tells_each_event_once_wherever_it_rests) {
  event full = view("ann", "pear", 1'000);
  full.event_value = 0.1F;
  full.impression = {"pear", "plum"};
  full.properties = {{"PRICE", "12.5"}, {"PLACE", "=\"market\"\n\x01"}};
  record({full, view("bob", "plum", 2'000)});
  const row first = {"pear", "1000", "view", "0.1", "pear|plum", "12.5", "=\"market\"\n\x01"};
  const row second = {"plum", "3000", "view", "-", "-", "-", "-"};
  EXPECT_EQ(interactions_of("ann"), std::vector<row>{first});
  settle();
  EXPECT_EQ(interactions_of("ann"), std::vector<row>{first});
  record({view("ann", "plum", 3'000)});
  EXPECT_EQ(interactions_of("ann"), (std::vector<row>{first, second}));
  settle();
  EXPECT_EQ(interactions_of("ann"), (std::vector<row>{first, second}));
  reopen();
  EXPECT_EQ(interactions_of("ann"), (std::vector<row>{first, second}));
  EXPECT_EQ(interactions_of("bob").size(), 1U);
}

TEST_P(dataset_collection_test, says_of_what_type_each_column_is) {
  record({view("ann", "pear")});
  const auto columns = told("ann").part("interactions-shop").about.columns;
  std::vector<std::pair<std::string, subject::value_type>> types;
  for (const auto& one : columns) {
    types.emplace_back(one.name, one.type);
  }
  using subject::value_type;
  EXPECT_EQ(types, (decltype(types){{"ITEM_ID", value_type::text},
                                    {"TIMESTAMP", value_type::moment},
                                    {"EVENT_TYPE", value_type::text},
                                    {"EVENT_VALUE", value_type::number},
                                    {"IMPRESSION", value_type::text},
                                    {"PRICE", value_type::number},
                                    {"PLACE", value_type::text}}));
}

TEST_P(dataset_collection_test, tells_who_objects_or_is_restricted_everything_too) {
  record({view("ann", "pear")});
  settle();
  record({view("ann", "plum")});
  purposes_->choose(handle("ann"), why_, subject::choice::object);
  purposes_->choose(handle("ann"), std::nullopt, subject::choice::restrict);
  EXPECT_TRUE(history("ann").empty());
  EXPECT_EQ(interactions_of("ann").size(), 2U);
}

TEST_P(dataset_collection_test, tells_the_digest_of_every_event_id_that_is_kept) {
  record({view("ann", "pear", 1'000, "one"), view("bob", "pear", 1'000, "of bob")});
  settle();
  record({view("ann", "plum", 2'000, "two")});
  std::vector<std::string> digests;
  const auto of_ann = told("ann");
  for (const row& one : of_ann.part("event-ids-shop").rows) {
    digests.push_back(one[0]);
  }
  const auto digest = [](std::string_view id) {
    const event_key key = key_of(id);
    return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(key.high), static_cast<std::uint64_t>(key.low));
  };
  EXPECT_EQ(digests, (std::vector{digest("one"), digest("two")}));
  reopen();
  EXPECT_EQ(told("ann").part("event-ids-shop").rows.size(), 2U);
}

TEST_P(dataset_collection_test, tells_every_row_of_a_profile_with_what_it_lacks) {
  dataset_description description;
  description.name = "members";
  description.users = {metadata_column::parse("COUNTRY:category"), metadata_column::parse("AGE:integer")};
  dataset members = datasets_->create(description);
  const auto file = folder_.path() / "users.csv";
  core::write_file(file, "USER_ID,COUNTRY,AGE\nann,Finland,41\nbob,Spain,\nann,,42\n");
  import_files(members, data_kind::users, {&file, 1}, {}, pool_, job_);
  recording_collector into;
  collect(members, handle("ann"), {pool_, job_}, into);
  const auto& profile = into.part("profile-members");
  ASSERT_EQ(profile.about.columns.size(), 3U);
  ASSERT_EQ(profile.rows.size(), 2U);
  EXPECT_EQ((row{profile.rows[0][1], profile.rows[0][2]}), (row{"Finland", "41"}));
  EXPECT_EQ((row{profile.rows[1][1], profile.rows[1][2]}), (row{"-", "42"}));
}

TEST_P(dataset_collection_test, tells_more_rows_and_items_than_fit_into_memory_at_once) {
  constexpr std::size_t rows = 200'000;
  const auto file = folder_.path() / "many.csv";
  std::string text = "USER_ID,ITEM_ID,TIMESTAMP\n";
  for (std::size_t i = 0; i < rows; ++i) {
    text += fmt::format("ann,item {},{}\n", i % 70'000, 1'000 + i);
  }
  core::write_file(file, text);
  import_files(*shop_, data_kind::interactions, {&file, 1}, {}, pool_, job_);
  record({view("ann", "pear", 5)});
  const auto told = interactions_of("ann");
  ASSERT_EQ(told.size(), rows + 1);
  for (std::size_t i = 0; i < rows; ++i) {
    ASSERT_EQ(told[i][0], fmt::format("item {}", i % 70'000));
    ASSERT_EQ(told[i][1], fmt::format("{}", (1'000 + i) * 1'000));
  }
  EXPECT_EQ(told.back()[0], "pear");
}

class recommend_custodian_test : public dataset_collection_test {
 protected:
  void SetUp() override {
    dataset_collection_test::SetUp();
    if (!IsSkipped()) {
      db().migrate(model_registry_migrations());
      models_ = std::make_unique<model_registry>(db(), *blobs_);
      all_ = std::make_unique<recommenders>(db(), *datasets_, *models_);
      ours_ = make_custodian(*datasets_, *models_, *all_);
    }
  }
  void TearDown() override {
    ours_.reset();
    all_.reset();
    models_.reset();
    dataset_collection_test::TearDown();
  }

  model_record train(const std::string& name) {
    const interactions events = load();
    const auto made = popularity_family().train({events, {}}, "{}", {pool_, job_});
    return models_->add(name, "shop", *made, "", {events.size(), 0}, 2, {});
  }
  recording_collector all_told(const std::string& user) {
    recording_collector into;
    ours_->collect(handle(user), {pool_, job_}, into);
    return into;
  }

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  std::unique_ptr<subject::custodian> ours_;
};

EUNOMIA_ON_BOTH_ENGINES(recommend_custodian_test);

TEST_P(recommend_custodian_test, tells_in_which_models_somebody_is_and_what_each_learned_of_them) {
  record({view("ann", "pear", 1'000'000), view("ann", "pear", 2'000'000), view("bob", "plum")});
  train("main");
  record({view("ann", "plum", 3'000'000), view("eve", "plum")});
  train("main");
  train("other");
  const auto told = all_told("ann");
  std::vector<row> models;
  for (const row& one : told.part("models").rows) {
    models.push_back({one[0], one[1], one[2], one[3], one[5], one[6]});
  }
  EXPECT_EQ(models, (std::vector<row>{{"main", "2", "shop", "popularity", "1", "2"},
                                      {"main", "1", "shop", "popularity", "0", "1"},
                                      {"other", "1", "shop", "popularity", "1", "2"}}));
  EXPECT_EQ(told.part("learned").rows, (std::vector<row>{{"main", "2", "pear", "1", "2000000"},
                                                         {"main", "2", "plum", "1", "3000000"},
                                                         {"main", "1", "pear", "1", "2000000"},
                                                         {"other", "1", "pear", "1", "2000000"},
                                                         {"other", "1", "plum", "1", "3000000"}}));
  EXPECT_EQ(all_told("eve").part("models").rows.size(), 2U);
}

TEST_P(recommend_custodian_test, tells_nothing_of_a_model_that_has_forgotten_somebody) {
  record({view("ann", "pear"), view("bob", "plum")});
  const model_record trained = train("main");
  const auto changed = models_->load(trained, {pool_, job_});
  const core::subject_handle ann = handle("ann");
  changed->forget({&ann, 1}, {pool_, job_});
  models_->replace(trained, *changed);
  EXPECT_TRUE(all_told("ann").part("models").rows.empty());
  EXPECT_EQ(all_told("bob").part("models").rows.size(), 1U);
}

TEST_P(recommend_custodian_test, looks_into_every_place_that_it_says_it_hands_over) {
  const core::subject_handle somebody = people_->resolve("user", "ann");
  for (const bool with_datasets : {true, false}) {
    recording_collector into;
    ours_->collect(somebody, {pool_, job_}, into);
    for (const subject::holding& what : ours_->describe()) {
      if (what.about == subject::data_about::data_subjects) {
        EXPECT_NE(into.seen.contains({what.kind, what.place}), !what.not_handed_over.empty()) << what.place;
      }
    }
    if (with_datasets) {
      EXPECT_EQ(into.parts.size(), 5U);
      shop_->drop();
    }
  }
}

}  // namespace
}  // namespace eunomia::recommend
