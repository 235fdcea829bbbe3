#include "recommend/shown_lately.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

constexpr core::subject_handle anna{1};
constexpr core::subject_handle ben{2};
constexpr rotation by_half{.rate = 0.5, .seconds = 100};

std::vector<std::uint64_t> digests(std::initializer_list<std::string_view> items) {
  std::vector<std::uint64_t> all;
  for (const auto item : items) {
    all.push_back(shown_lately::digest_of(item));
  }
  return all;
}

TEST(shown_lately, an_item_gets_back_what_it_lost_as_time_goes_by) {
  shown_lately shown;
  shown.add(anna, digests({"cup"}), 1'000'000);
  const auto share = [&](std::int64_t now) {
    const auto kept = shown.kept(anna, by_half, now);
    const auto found = kept.find(shown_lately::digest_of("cup"));
    return found == kept.end() ? 1.0 : found->second;
  };
  EXPECT_DOUBLE_EQ(share(1'000'000), 0.5);
  EXPECT_DOUBLE_EQ(share(1'050'000), 0.75);
  EXPECT_DOUBLE_EQ(share(1'100'000), 1.0);
  EXPECT_DOUBLE_EQ(share(999'000), 0.5) << "a clock that was set back";
}

TEST(shown_lately, what_is_shown_again_begins_anew) {
  shown_lately shown;
  shown.add(anna, digests({"cup", "pot"}), 0);
  shown.add(anna, digests({"cup"}), 100'000);
  const auto kept = shown.kept(anna, by_half, 100'000);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_DOUBLE_EQ(kept.at(shown_lately::digest_of("cup")), 0.5);
}

TEST(shown_lately, everybody_has_their_own) {
  shown_lately shown;
  shown.add(anna, digests({"cup"}), 0);
  EXPECT_TRUE(shown.kept(ben, by_half, 0).empty());
}

TEST(shown_lately, who_is_forgotten_leaves_nothing) {
  shown_lately shown;
  shown.add(anna, digests({"cup"}), 0);
  shown.add(ben, digests({"cup"}), 0);
  const core::subject_handle gone[] = {anna, core::subject_handle{77}};
  shown.forget(gone);
  EXPECT_TRUE(shown.kept(anna, by_half, 0).empty());
  EXPECT_EQ(shown.kept(ben, by_half, 0).size(), 1U);
}

TEST(shown_lately, the_idle_leave_and_so_do_those_there_is_no_room_for) {
  shown_lately shown;
  shown.add(anna, digests({"cup"}), 0);
  shown.add(ben, digests({"cup"}), 1'000);
  shown.forget_idle(static_cast<std::int64_t>(rotation::max_seconds * 1000) + 500);
  EXPECT_TRUE(shown.kept(anna, {.rate = 1, .seconds = rotation::max_seconds}, 0).empty());
  EXPECT_EQ(shown.kept(ben, {.rate = 1, .seconds = rotation::max_seconds}, 0).size(), 1U);

  shown_lately small(1'000);
  for (std::uint64_t person = 1; person <= 100; ++person) {
    small.add(core::subject_handle{person}, digests({"cup"}), 0);
  }
  EXPECT_TRUE(small.kept(core::subject_handle{1}, by_half, 0).empty());
  EXPECT_EQ(small.kept(core::subject_handle{100}, by_half, 0).size(), 1U);
}

TEST(shown_lately, of_one_person_the_newest_are_kept) {
  shown_lately shown;
  for (std::size_t i = 0; i < shown_lately::max_items + 10; ++i) {
    shown.add(anna, digests({std::to_string(i)}), static_cast<std::int64_t>(i));
  }
  const auto kept = shown.kept(anna, by_half, 2'000);
  EXPECT_EQ(kept.size(), shown_lately::max_items);
  EXPECT_FALSE(kept.contains(shown_lately::digest_of("9")));
  EXPECT_TRUE(kept.contains(shown_lately::digest_of("10")));
}

TEST(shown_lately, what_is_out_of_range_is_refused) {
  for (const rotation bad : {rotation{.rate = -0.1, .seconds = 1}, rotation{.rate = 1.1, .seconds = 1},
                             rotation{.rate = std::nan(""), .seconds = 1}, rotation{.rate = 1, .seconds = 0},
                             rotation{.rate = 1, .seconds = rotation::max_seconds + 1}}) {
    EXPECT_THROW(bad.check(), core::error) << bad.rate << ' ' << bad.seconds;
  }
}

}  // namespace
}  // namespace eunomia::recommend
