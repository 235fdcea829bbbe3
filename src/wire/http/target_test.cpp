#include "wire/http/target.h"

#include <gtest/gtest.h>

namespace eunomia::wire::http {
namespace {

TEST(target, path_and_query_are_decoded) {
  request r;
  ASSERT_FALSE(read_target("/users/J%C3%BCrgen%20M?a=1+2&b=%26&a=3&flag", r));
  EXPECT_EQ(r.path, "/users/J\xC3\xBCrgen M");
  ASSERT_EQ(r.query.size(), 4U);
  EXPECT_EQ(r.query[0].value, "1 2");
  EXPECT_EQ(r.query[1].value, "&");
  EXPECT_EQ(r.query[2].value, "3");
  EXPECT_EQ(r.query[3].name, "flag");
  EXPECT_EQ(r.query[3].value, "");
}

TEST(target, the_absolute_form_is_its_path) {
  request r;
  ASSERT_FALSE(read_target("http://host:80/a?b=c", r));
  EXPECT_EQ(r.path, "/a");
  EXPECT_EQ(r.query.size(), 1U);
  ASSERT_FALSE(read_target("HTTPS://host", r));
  EXPECT_EQ(r.path, "/");
}

TEST(target, what_leads_upwards_is_marked) {
  for (const char* bad : {"/a/../b", "/..", "/./a", "/a/%2e%2e/b", "/a/%2E./b", "/a%2F..%2Fb"}) {
    request r;
    ASSERT_FALSE(read_target(bad, r)) << bad;
    EXPECT_TRUE(r.leads_upwards) << bad;
    ASSERT_FALSE(read_target("/a/b", r));
    EXPECT_FALSE(r.leads_upwards);
  }
}

TEST(target, what_is_no_text_is_refused) {
  for (const char* bad : {"/a%00b", "/%ff", "/%C0%AF", "/%4", "/%zz", "/a?x=%00", "/a?x=%ff", "/a?x=%g0", "a", "",
                          "ftp://x/", "/a#b", "host:443"}) {
    request r;
    const auto why = read_target(bad, r);
    ASSERT_TRUE(why) << bad;
    EXPECT_EQ(why->status, 400U) << bad;
  }
}

TEST(target, dots_inside_a_segment_are_letters) {
  request r;
  EXPECT_FALSE(read_target("/a..b/...", r));
  EXPECT_EQ(r.path, "/a..b/...");
  EXPECT_FALSE(r.leads_upwards);
}

}  // namespace
}  // namespace eunomia::wire::http
