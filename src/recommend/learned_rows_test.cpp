#include "recommend/learned_rows.h"

#include <algorithm>

#include "core/temporary_directory.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

class learned_rows_test : public testing::every_family {};
INSTANTIATE_TEST_SUITE_P(all, learned_rows_test, ::testing::ValuesIn(families().begin(), families().end()),
                         testing::name_of_family);

TEST_P(learned_rows_test, are_those_of_the_model_that_was_saved) {
  constexpr std::uint64_t seed = 11;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  testing::workshop work;
  const auto events = testing::random_shop(random, 60, 40, 8);
  const auto trained =
      GetParam()->train({events, {}}, R"({"weighting":{"event_weights":{"purchase":2.5}}})", work.context());
  const core::temporary_directory folder;
  const auto path = folder.path() / "a.model";
  trained->save(path);
  const auto file = model_file::open(path);
  const preferences& rows = trained->learned_from();
  ASSERT_GT(rows.rows(), 50U);
  const std::vector<core::subject_handle> some = {rows.subjects[3], rows.subjects[17], core::subject_handle(1 << 30)};
  const rows_learned counted = count_learned(*file, some);
  EXPECT_EQ(counted.people, 2U);
  EXPECT_EQ(counted.pairs, rows.items_of(3).size() + rows.items_of(17).size());
  for (std::uint32_t person = 0; person < rows.rows(); ++person) {
    const auto learned = learned_from(*file, rows.subjects[person]);
    const auto expected = rows.history_of(person);
    ASSERT_EQ(learned.size(), expected.size());
    for (std::size_t i = 0; i < learned.size(); ++i) {
      EXPECT_EQ(learned[i].item, rows.items->id(expected[i].item));
      EXPECT_EQ(learned[i].weight, expected[i].weight);
      EXPECT_EQ(learned[i].time, expected[i].time);
    }
  }
  EXPECT_TRUE(learned_from(*file, core::subject_handle(999'999'999'999)).empty());
}

}  // namespace
}  // namespace eunomia::recommend
