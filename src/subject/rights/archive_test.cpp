#include "subject/rights/archive.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "core/temporary_directory.h"
#include "store/sql/test_database.h"
#include "subject/custody/collector.h"
#include "subject/rights/testing.h"

namespace eunomia::subject {
namespace {

using core::subject_handle;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
namespace sql = store::sql;

constexpr subject_handle alice(1);

holding table(std::string place) {
  return {store_kind::sql_table, std::move(place), data_about::data_subjects, "What people did.", {"interactions"},
          {"recommendation"},    "a year",         "rows are deleted"};
}

collected_part part_of(std::string place, data_origin origin = data_origin::observed) {
  return {place,
          "What you did",
          "Everything you did.",
          origin,
          {{store_kind::sql_table, place}},
          {{"id", value_type::integer, "A number"}, {"text", value_type::text, ""}}};
}

// Holds what a test says, and tells it as the test says.
class told_custodian final : public nothing_to_erase {
 public:
  using telling = std::function<void(subject_handle, const custody_context&, collector&)>;

  told_custodian(std::vector<holding> holdings, telling tell)
      : holdings_(std::move(holdings)), tell_(std::move(tell)) {}
  std::string_view name() const override { return "shop"; }
  std::vector<holding> describe() const override { return holdings_; }
  void collect(subject_handle who, const custody_context& with, collector& into) const override {
    tell_(who, with, into);
  }

 private:
  std::vector<holding> holdings_;
  telling tell_;
};

class archive_test : public ::testing::Test {
 protected:
  void holds(std::vector<holding> holdings, told_custodian::telling tell) {
    all_.add(std::make_unique<told_custodian>(std::move(holdings), std::move(tell)));
  }
  archive_report write(archive_scope scope = archive_scope::access) {
    return write_archive({alice, scope, 1'700'000'000'000}, all_, purposes_, file_, {pool_, job_});
  }
  core::json_value index() { return core::parse_json(testing::read_zip(file_).at("index.json")); }

  core::temporary_directory folder_;
  const std::filesystem::path file_ = folder_.path() / "archive.zip";
  sql::test_database database_{sql::engine::sqlite};
  purposes purposes_{*database_};
  custodians all_;
  core::thread_pool pool_{1};
  core::job job_;
};

TEST_F(archive_test, says_of_each_part_what_it_is_and_has_its_rows) {
  holds({table("a")}, [](subject_handle who, const custody_context&, collector& into) {
    EXPECT_EQ(who, alice);
    collected_part part = part_of("a");
    part.recipients = {"a carrier"};
    if (into.begin(part)) {
      into.add({std::int64_t{7}, "seven"});
    }
  });
  const auto report = write();
  EXPECT_EQ(report.parts, 1U);
  EXPECT_EQ(report.rows, 1U);
  EXPECT_EQ(report.bytes, std::filesystem::file_size(file_));
  const auto files = testing::read_zip(file_);
  EXPECT_EQ(files.size(), 4U);
  EXPECT_EQ(files.at("data/shop-a.csv"), "id,text\r\n7,seven\r\n");
  EXPECT_EQ(core::write_json(*core::parse_json(files.at("data/shop-a.json")).find("rows")),
            R"([{"id":7,"text":"seven"}])");
  const auto told = core::read_json<archive_index>(files.at("index.json"));
  EXPECT_EQ(told.made_at, "2023-11-14T22:13:20.000Z");
  ASSERT_EQ(told.parts.size(), 1U);
  const indexed_part& part = told.parts.front();
  EXPECT_EQ(part.custodian, "shop");
  EXPECT_EQ(part.origin, "observed");
  EXPECT_EQ(part.categories, std::vector<std::string>{"interactions"});
  EXPECT_EQ(part.purposes, std::vector<std::string>{"recommendation"});
  EXPECT_EQ(part.places.front().retention, "a year");
  EXPECT_EQ(part.recipients, std::vector<std::string>{"a carrier"});
  EXPECT_EQ(part.rows, 1U);
  ASSERT_EQ(told.purposes.size(), 1U);
  EXPECT_EQ(told.purposes.front().lawful_basis, "legitimate_interests");
  EXPECT_EQ(told.purposes.front().notice, purposes_.find("recommendation").notice);
  const std::string& page = files.at("index.html");
  for (const char* said : {"What you did", "Everything you did.", "a carrier", "a year", "data/shop-a.csv", "1 row"}) {
    EXPECT_NE(page.find(said), std::string::npos) << said;
  }
}

TEST_F(archive_test, of_the_same_content_is_the_same_bytes) {
  holds({table("a")}, [](subject_handle, const custody_context&, collector& into) {
    if (into.begin(part_of("a"))) {
      into.add({std::int64_t{7}, "seven"});
    }
  });
  write();
  const std::string first = core::read_file(file_);
  write();
  EXPECT_EQ(core::read_file(file_), first);
}

TEST_F(archive_test, to_take_elsewhere_has_nothing_inferred_or_recorded) {
  holds({table("a"), table("b"), table("c"), table("d")}, [](subject_handle, const custody_context&, collector& into) {
    EXPECT_TRUE(into.begin(part_of("a", data_origin::provided)));
    EXPECT_FALSE(into.begin(part_of("b", data_origin::inferred)));
    EXPECT_TRUE(into.begin(part_of("c", data_origin::observed)));
    EXPECT_FALSE(into.begin(part_of("d", data_origin::recorded)));
    EXPECT_THROW(into.add({std::int64_t{7}, "of no part"}), core::error);
  });
  write(archive_scope::portability);
  EXPECT_EQ(index().find("parts")->elements().size(), 2U);
  EXPECT_EQ(index().find("scope")->text(), "portability");
}

TEST_F(archive_test, that_would_leave_something_out_is_not_written) {
  holds({table("a"), table("forgotten")},
        [](subject_handle, const custody_context&, collector& into) { EXPECT_TRUE(into.begin(part_of("a"))); });
  EXPECT_EQ(code_thrown_by([&] { write(); }), core::errc::internal);
  EXPECT_NE(message_thrown_by([&] { write(); }).find("\"forgotten\""), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(archive_test, names_what_it_leaves_out_with_the_reason) {
  holding copy = table("copy");
  copy.not_handed_over = "A <copy> of a.";
  holds({table("a"), table("empty"), copy}, [](subject_handle, const custody_context&, collector& into) {
    into.looked_into({store_kind::sql_table, "empty"});
    EXPECT_TRUE(into.begin(part_of("a")));
  });
  write();
  const auto told = core::read_json<archive_index>(testing::read_zip(file_).at("index.json"));
  ASSERT_EQ(told.omissions.size(), 1U);
  EXPECT_EQ(told.omissions.front().place.place, "copy");
  EXPECT_EQ(told.omissions.front().why, "A <copy> of a.");
  EXPECT_NE(testing::read_zip(file_).at("index.html").find("A &lt;copy&gt; of a."), std::string::npos);
}

TEST_F(archive_test, refuses_a_part_of_a_place_that_nobody_describes) {
  holds({table("a")}, [](subject_handle, const custody_context&, collector& into) {
    EXPECT_TRUE(into.begin(part_of("a")));
    (void)into.begin(part_of("elsewhere"));
  });
  EXPECT_EQ(code_thrown_by([&] { write(); }), core::errc::internal);
}

TEST_F(archive_test, gives_parts_names_that_differ_on_every_file_system) {
  holds({table("a"), table("A")}, [](subject_handle, const custody_context&, collector& into) {
    for (const char* place : {"a", "A"}) {
      if (into.begin(part_of(place))) {
        into.add({std::int64_t{7}, place});
      }
    }
  });
  write();
  const auto files = testing::read_zip(file_);
  EXPECT_EQ(files.at("data/shop-a.csv"), "id,text\r\n7,a\r\n");
  EXPECT_EQ(files.at("data/shop-A-2.csv"), "id,text\r\n7,A\r\n");
}

TEST_F(archive_test, is_not_there_when_what_it_is_made_of_cannot_be_read) {
  holds({table("a")}, [](subject_handle, const custody_context&, collector& into) {
    if (into.begin(part_of("a"))) {
      into.add({std::int64_t{7}, "seven"});
    }
    throw core::error(core::errc::unavailable, "a device does not answer");
  });
  EXPECT_EQ(code_thrown_by([&] { write(); }), core::errc::unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(archive_test, ends_when_it_is_cancelled) {
  holds({table("a")}, [](subject_handle, const custody_context& with, collector& into) {
    EXPECT_TRUE(into.begin(part_of("a")));
    with.job.cancel();
    for (int i = 0; i < 100'000; ++i) {
      into.add({std::int64_t{i}, "more"});
    }
  });
  EXPECT_EQ(code_thrown_by([&] { write(); }), core::errc::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// The most that this process ever had in memory, bytes.
std::uint64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::stoull(line.substr(6)) * 1024;
    }
  }
  return 0;
}

TEST_F(archive_test, of_many_rows_does_not_hold_them_in_memory) {
  constexpr int rows = 200'000;
  holds({table("a")}, [](subject_handle, const custody_context&, collector& into) {
    const std::string text(100, 'x');
    if (into.begin(part_of("a"))) {
      for (int i = 0; i < rows; ++i) {
        into.add({std::int64_t{i}, text});
      }
    }
  });
  const std::uint64_t before = peak_memory();
  EXPECT_EQ(write().rows, static_cast<std::uint64_t>(rows));
#ifndef EUNOMIA_SANITIZED
  EXPECT_LT(peak_memory() - before, std::uint64_t{12} << 20);  // of 50 MB of text
#endif
}

TEST(archive_page, escapes_everything_and_lets_no_text_change_what_follows_it) {
  archive_index index;
  index.made_at = "<b>";
  indexed_part& part = index.parts.emplace_back();
  part.title = "<script>alert(1)</script>";
  part.what = "\"quoted\" & 'apostrophe' \x01 \xff \xE2\x80\xAE";
  part.origin = "observed";
  part.rows = 1;
  part.columns = {{"<i>", "text", "</td>"}};
  part.csv = "data/\"><script>.csv";
  part.json = "data/a.json";
  indexed_purpose& purpose = index.purposes.emplace_back();
  purpose.name = "p";
  purpose.lawful_basis = "consent";
  purpose.notice = "</blockquote><script>";
  const std::string page = index_page(index);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  EXPECT_NE(page.find("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"), std::string::npos);
  EXPECT_NE(
      page.find("<bdi>&quot;quoted&quot; &amp; &#39;apostrophe&#39; \xEF\xBF\xBD \xEF\xBF\xBD \xE2\x80\xAE</bdi>"),
      std::string::npos);
  EXPECT_NE(page.find("data/&quot;&gt;&lt;script&gt;.csv"), std::string::npos);
  EXPECT_NE(page.find("<bdi>&lt;/blockquote&gt;&lt;script&gt;</bdi></blockquote>"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::subject
