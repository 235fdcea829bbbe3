#include "store/sql/dialect.h"

#include <gtest/gtest.h>

namespace eunomia::store::sql {
namespace {

TEST(dialect, finds_parameters_outside_quotes_comments_and_casts) {
  const translated found = translate(
      "SELECT ':no', \":neither\", :a::text -- it's :not one\n, /* :nor */ :b_2, :a FROM t", engine::postgresql);
  EXPECT_EQ(found.parameters, (std::vector<std::string>{"a", "b_2"}));
  EXPECT_EQ(found.sql.find("not one"), std::string::npos);
}

TEST(dialect, leaves_braces_in_quotes_alone) {
  EXPECT_EQ(translate("SELECT '{id}'", engine::sqlite).sql, "SELECT '{id}'");
  EXPECT_THROW(translate("SELECT {unknown}", engine::sqlite), core::error);
}

TEST(dialect, splits_at_semicolons_outside_quotes_and_comments) {
  EXPECT_EQ(split_statements("a ';' b;; -- x;y\n c \"d;e\" /* ; */ ;"),
            (std::vector<std::string>{"a ';' b", "c \"d;e\""}));
}

TEST(dialect, writes_lists_that_only_the_engine_reads_back) {
  const std::string_view texts[] = {"a\"b", "c\\d", "", "\n"};
  EXPECT_EQ(list_literal(text_list(texts), engine::sqlite), R"(["a\"b","c\\d","","\u000a"])");
  EXPECT_EQ(list_literal(text_list(texts), engine::postgresql), "{\"a\\\"b\",\"c\\\\d\",\"\",\"\n\"}");
  const std::int64_t numbers[] = {-1, INT64_MIN};
  EXPECT_EQ(list_literal(int64_list(numbers), engine::sqlite), "[-1,-9223372036854775808]");
}

TEST(dialect, shows_urls_without_any_password) {
  EXPECT_EQ(without_password("postgresql://ann:secret@db:5432/shop?a=b"), "postgresql://ann@db:5432/shop?a=b");
  EXPECT_EQ(without_password("postgresql://ann:sec@ret@db/shop"), "postgresql://ann@db/shop");
  EXPECT_EQ(without_password("postgresql://db/shop?password=secret&a=b"), "postgresql://db/shop?&a=b");
  EXPECT_EQ(without_password("postgresql://db/shop?sslpassword=secret"), "postgresql://db/shop?");
  EXPECT_EQ(without_password("postgresql:///shop?host=/run"), "postgresql:///shop?host=/run");
  EXPECT_EQ(without_password("/data/shop.db"), "/data/shop.db");
}

}  // namespace
}  // namespace eunomia::store::sql
