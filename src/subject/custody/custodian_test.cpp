#include "subject/custody/custodian.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::subject {
namespace {

holding table(std::string place) {
  return {store_kind::sql_table, std::move(place), data_about::nobody, "Numbers.", {}, {}, "for ever", ""};
}

holding personal(std::string place) {
  return {store_kind::sql_table,
          std::move(place),
          data_about::data_subjects,
          "Names.",
          {"identifiers"},
          {},
          "a year",
          "rows are deleted",
          "a copy of another place"};
}

core::errc refusal(const custodians& all) {
  try {
    all.inventory();
  } catch (const core::error& problem) {
    return problem.code();
  }
  return core::errc::cancelled;
}

TEST(custodians, tell_what_all_of_them_hold) {
  custodians all;
  all.add(make_custodian("a", {table("numbers"), personal("names")}));
  all.add(make_custodian("b", {table("more")}));
  const auto inventory = all.inventory();
  ASSERT_EQ(inventory.size(), 3U);
  EXPECT_EQ(inventory[1].custodian, "a");
  EXPECT_EQ(inventory[1].what.place, "names");
  EXPECT_EQ(inventory[2].custodian, "b");
}

TEST(custodians, of_fixed_places_hold_nothing_that_people_would_be_handed) {
  holding kept_back = personal("names");
  EXPECT_NO_THROW(make_custodian("a", {kept_back}));
  kept_back.not_handed_over.clear();
  EXPECT_THROW(make_custodian("a", {kept_back}), core::error);
  kept_back.about = data_about::operators;
  EXPECT_NO_THROW(make_custodian("a", {kept_back}));
}

TEST(custodians, of_one_name_are_refused) {
  custodians all;
  all.add(make_custodian("a", {}));
  EXPECT_THROW(all.add(make_custodian("a", {})), core::error);
}

TEST(custodians, do_not_own_one_place_together) {
  custodians all;
  all.add(make_custodian("a", {table("numbers")}));
  all.add(make_custodian("b", {table("numbers")}));
  EXPECT_EQ(refusal(all), core::errc::internal);
}

TEST(custodians, of_the_same_word_in_two_stores_own_two_places) {
  custodians all;
  holding folder = table("numbers");
  folder.kind = store_kind::folder;
  all.add(make_custodian("a", {table("numbers"), folder}));
  EXPECT_EQ(all.inventory().size(), 2U);
}

TEST(custodians, say_whose_data_it_is_and_how_it_is_erased) {
  holding without_erasure = personal("names");
  without_erasure.erasure.clear();
  holding without_categories = personal("names");
  without_categories.categories.clear();
  holding categories_of_nobody = table("numbers");
  categories_of_nobody.categories = {"identifiers"};
  holding without_words = table("numbers");
  without_words.what.clear();
  for (const holding& bad : {without_erasure, without_categories, categories_of_nobody, without_words}) {
    custodians all;
    all.add(make_custodian("a", {bad}));
    EXPECT_EQ(refusal(all), core::errc::internal) << bad.place;
  }
}

}  // namespace
}  // namespace eunomia::subject
