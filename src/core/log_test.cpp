#include "core/log.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cmath>
#include <sstream>
#include <thread>

#include "core/error.h"
#include "core/file.h"
#include "core/json_value.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

using namespace std::string_literals;

std::string text_line(log::fields values) {
  return log::line_of(log::format::text, 0, log::level::info, "m", values);
}
std::string json_line(log::fields values) {
  return log::line_of(log::format::json, 0, log::level::info, "m", values);
}

class log_to_file : public testing::Test {
 protected:
  ~log_to_file() override { log::configure({}); }
  std::vector<std::string> lines() {
    std::istringstream in(read_file(file_));
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) {
      all.push_back(line);
    }
    return all;
  }
  temporary_directory directory_;
  std::filesystem::path file_ = directory_.path() / "log";
};

TEST(log, a_line_holds_time_level_message_and_values) {
  EXPECT_EQ(log::line_of(log::format::text, 1'772'357'400'125, log::level::info, "import finished",
                         {{"rows", 20}, {"dataset", "spring sale"}, {"whole", true}, {"share", 0.25}, {"id", "a-1"}}),
            "time=2026-03-01T09:30:00.125Z level=info message=\"import finished\" rows=20 dataset=\"spring sale\" "
            "whole=true share=0.25 id=a-1");
  EXPECT_EQ(log::line_of(log::format::json, 1'772'357'400'125, log::level::warning, "slow", {{"rows", 20U}}),
            R"({"time":"2026-03-01T09:30:00.125Z","level":"warning","message":"slow","rows":20})");
}

TEST(log, a_hostile_value_forges_no_line_and_no_field) {
  const std::string hostile = "x\nlevel=error admin=\"yes\"\x1b[2J\r\0\xFF\xC2\x9B"s + "\xE2\x80\xA8";
  for (const std::string& line : {text_line({{"v", hostile}}), json_line({{"v", hostile}})}) {
    for (const char c : line) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
    }
    EXPECT_EQ(line.find("\xC2\x9B"), std::string::npos);
  }
  EXPECT_NE(text_line({{"v", hostile}}).find("v=\"x\\nlevel=error admin=\\\"yes\\\"\\u001b[2J"), std::string::npos);
  EXPECT_EQ(text_line({{"v", "a=b"}}), "time=1970-01-01T00:00:00.000Z level=info message=m v=\"a=b\"");
  EXPECT_EQ(text_line({{"v", ""}}), "time=1970-01-01T00:00:00.000Z level=info message=m v=\"\"");
}

TEST(log, a_json_line_is_json_whatever_the_values) {
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  const auto value = parse_json(json_line({{"v", all}, {"n", std::nan("")}, {"i", -INFINITY}, {"u", UINT64_MAX}}));
  EXPECT_EQ(value.find("n")->text(), "nan");
  EXPECT_EQ(value.find("u")->text(), "18446744073709551615");
}

TEST(log, a_long_value_is_cut_between_characters_and_says_so) {
  std::string value = "x";
  while (value.size() < 2 * log::max_value_bytes) {
    value += "é";
  }
  const auto line = json_line({{"v", value}});
  EXPECT_LT(line.size(), log::max_value_bytes + 200);
  EXPECT_NE(line.find("... (2049 bytes)"), std::string::npos);
  EXPECT_EQ(line.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(log, levels_have_names) {
  EXPECT_EQ(log::level_of("warning"), log::level::warning);
  EXPECT_EQ(log::name_of(log::level::off), "off");
  EXPECT_THROW(log::level_of("loud"), error);
}

TEST_F(log_to_file, only_what_reaches_the_level_is_written) {
  log::configure({.least = log::level::warning, .file = file_});
  log::info("not this");
  log::warning("this", {{"n", 1}});
  log::error("and this");
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_NE(lines()[0].find("level=warning message=this n=1"), std::string::npos);
  log::configure({.least = log::level::off, .file = file_});
  log::error("nothing");
  EXPECT_EQ(lines().size(), 2U);
}

TEST_F(log_to_file, the_file_is_its_owners_and_is_appended_to) {
  log::configure({.file = file_});
  log::info("first");
  log::configure({.form = log::format::json, .file = file_});
  log::info("second");
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_EQ(parse_json(lines()[1]).find("message")->text(), "second");
  struct stat about {};
  ASSERT_EQ(::stat(file_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(log_to_file, a_file_that_cannot_be_written_is_an_error) {
  EXPECT_THROW(log::configure({.file = directory_.path() / "absent" / "log"}), error);
}

TEST_F(log_to_file, lines_of_several_threads_stay_whole) {
  log::configure({.form = log::format::json, .file = file_});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 100; ++i) {
        log::info("event", {{"thread", t}, {"text", std::string(300, 'x')}});
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const auto all = lines();
  EXPECT_EQ(all.size(), 400U);
  for (const std::string& line : all) {
    EXPECT_EQ(parse_json(line).find("message")->text(), "event");
  }
}

}  // namespace
}  // namespace eunomia::core
