#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "recommend/test_shop.h"

namespace eunomia::recommend {
namespace {

class dataset_listing_on_both : public testing::shop_on_both_engines {
 protected:
  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    shop_->declare(data_kind::users, {"CITY", metadata_type::text});
  }

  void record(const std::string& user, const std::string& item, std::int64_t time, const std::string& price) {
    event one;
    one.user_id = user;
    one.item_id = item;
    one.event_type = "purchase";
    one.timestamp = time;
    one.properties = {{"PRICE", price}};
    shop_->record({&one, 1});
  }
};
EUNOMIA_ON_BOTH_ENGINES(dataset_listing_on_both);

TEST_P(dataset_listing_on_both, tells_what_rests_and_what_waits_at_length) {
  record("anna", "lamp", 2'000, "12.5");
  shop_->settle(pool_, job_);
  record("anna", "chair", 1'000, "99");
  record("ben", "lamp", 3'000, "13");
  const auto of_anna = shop_->interactions_of(handle("anna"), why_);
  ASSERT_EQ(of_anna.size(), 2U);
  EXPECT_EQ(of_anna[0].what.item_id, "chair");
  EXPECT_EQ(of_anna[1].what.item_id, "lamp");
  EXPECT_EQ(of_anna[1].what.event_type, "purchase");
  EXPECT_TRUE(std::isnan(of_anna[1].what.event_value));
  EXPECT_EQ(of_anna[1].properties.at("PRICE"), "12.5");
  const auto of_lamp = shop_->interactions_with("lamp", why_, pool_, job_);
  ASSERT_EQ(of_lamp.size(), 2U);
  EXPECT_EQ(of_lamp[0].who, handle("anna"));
  EXPECT_EQ(of_lamp[1].who, handle("ben"));
  EXPECT_TRUE(shop_->interactions_with("nothing", why_, pool_, job_).empty());
}

TEST_P(dataset_listing_on_both, tells_profiles_and_items) {
  const metadata_record rows[] = {{"anna", {{"CITY", "Graz"}}}, {"ben", {}}};
  shop_->put(data_kind::users, rows);
  const metadata_record again[] = {{"anna", {{"CITY", "Linz"}}}};
  shop_->put(data_kind::users, again);
  record("carl", "lamp", 1'000, "1");
  EXPECT_TRUE(shop_->has_profile(handle("ben"), why_)) << "a row without values";
  EXPECT_FALSE(shop_->has_profile(handle("carl"), why_));
  const auto all = shop_->profiles(why_, pool_, job_);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.at(handle("anna")).at("CITY"), "Linz");
  EXPECT_TRUE(all.at(handle("ben")).empty());
  EXPECT_TRUE(shop_->knows_item("lamp"));
  EXPECT_FALSE(shop_->knows_item("chair"));
  const auto items = shop_->item_ids();
  EXPECT_NE(std::ranges::find(items, "lamp"), items.end());
}

}  // namespace
}  // namespace eunomia::recommend
