#include "wire/personalize/arn.h"

#include <gtest/gtest.h>

namespace eunomia::wire::personalize {
namespace {

TEST(arns, are_made_and_parsed_again) {
  const arn_maker maker{"eu-west-1", "123456789012"};
  EXPECT_EQ(maker.arn_of(resource_kind::dataset_group, "shop"),
            "arn:aws:personalize:eu-west-1:123456789012:dataset-group/shop");
  EXPECT_EQ(maker.arn_of(resource_kind::solution_version, "sims/1f2e3d4c"),
            "arn:aws:personalize:eu-west-1:123456789012:solution/sims/1f2e3d4c");
  for (const auto& [kind, path] :
       {std::pair(resource_kind::dataset, "shop/INTERACTIONS"), std::pair(resource_kind::solution, "sims"),
        std::pair(resource_kind::solution_version, "sims/1f2e3d4c"), std::pair(resource_kind::event_tracker, "a1b2"),
        std::pair(resource_kind::batch_inference_job, "weekly")}) {
    const std::string arn = maker.arn_of(kind, path);
    const auto parts = parse_arn(arn);
    ASSERT_TRUE(parts) << arn;
    EXPECT_EQ(parts->kind, kind) << arn;
    EXPECT_EQ(parts->path, path) << arn;
  }
}

TEST(arns, of_others_are_none) {
  for (const char* const text : {"", "shop", "arn:aws:s3:::bucket/key", "arn:aws:personalize:::recipe/aws-sims",
                                 "arn:aws:personalize:eu:1:campaign/", "arn:aws:personalize:eu:1:campaign",
                                 "arn:aws:personalize:eu:1:solution-version/a/b", "arn:gcp:personalize:eu:1:campaign/a",
                                 "aws:personalize:eu:1:campaign/a"}) {
    EXPECT_FALSE(parse_arn(text)) << text;
  }
}

TEST(arns, kinds_have_names_and_words) {
  EXPECT_EQ(resource_kind_named("dataset-import-job"), resource_kind::dataset_import_job);
  EXPECT_EQ(name_of(resource_kind::solution_version), "solution-version");
  EXPECT_EQ(words_for(resource_kind::batch_segment_job), "batch segment job");
  EXPECT_ANY_THROW(resource_kind_named("recipe"));
}

}  // namespace
}  // namespace eunomia::wire::personalize
