#include "subject/erasure/ledger_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>
#include <random>

#include "core/error.h"
#include "core/log.h"
#include "core/temporary_directory.h"

namespace eunomia::subject {
namespace {

using core::subject_handle;

constexpr std::string_view house = "0123456789abcdef0123456789abcdef";
constexpr std::string_view other_house = "ffffffffffffffffffffffffffffffff";
constexpr std::size_t header_bytes = 56;
constexpr std::size_t bytes_of_one = 32 + 8 + 16;  // a record about one person

std::vector<subject_handle> handles(std::initializer_list<std::uint64_t> values) {
  return {values.begin(), values.end()};
}

class ledger_in_a_folder : public testing::Test {
 protected:
  void SetUp() override { core::log::configure({.least = core::log::level::off}); }
  void TearDown() override { core::log::configure({}); }
  ledger_file open(std::string_view keyring = house) const { return ledger_file(folder_.path(), keyring); }
  std::filesystem::path file() const { return folder_.path() / ledger_file::file_name; }
  std::string content() const { return core::read_file(file()); }
  void set_content(std::string_view bytes) const { std::ofstream(file(), std::ios::binary) << bytes; }
  core::error refusal(std::string_view keyring = house) const {
    try {
      open(keyring);
    } catch (const core::error& problem) {
      return problem;
    }
    ADD_FAILURE() << "it was opened";
    return {core::errc::internal, ""};
  }

  core::temporary_directory folder_;
};

TEST_F(ledger_in_a_folder, is_empty_when_it_is_made) {
  EXPECT_FALSE(ledger_file::exists(folder_.path()));
  const ledger_file made = open();
  EXPECT_TRUE(ledger_file::exists(folder_.path()));
  EXPECT_EQ(made.size(), 0U);
  EXPECT_EQ(made.sequence(), 0U);
  EXPECT_TRUE(made.read_all().empty());
}

TEST_F(ledger_in_a_folder, is_readable_by_its_owner_only) {
  open();
  struct stat found = {};
  ASSERT_EQ(::stat(file().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
}

TEST_F(ledger_in_a_folder, keeps_people_in_the_order_in_which_they_were_erased) {
  {
    ledger_file made = open();
    EXPECT_EQ(made.append(handles({7, 3}), 1000), 1U);
    EXPECT_EQ(made.append(handles({9}), 2000), 2U);
    EXPECT_EQ(made.read_all(), handles({7, 3, 9}));
  }
  const ledger_file again = open();
  EXPECT_EQ(again.read_all(), handles({7, 3, 9}));
  EXPECT_EQ(again.size(), 3U);
  EXPECT_EQ(again.sequence(), 2U);
  EXPECT_EQ(again.newest_at(), 2000);
}

TEST_F(ledger_in_a_folder, tells_who_was_erased_since) {
  ledger_file made = open();
  made.append(handles({7, 3}), 1000);
  made.append(handles({9}), 2000);
  made.append(handles({4, 5}), 3000);
  EXPECT_EQ(made.since(1), handles({9, 4, 5}));
  EXPECT_TRUE(made.since(3).empty());
}

TEST_F(ledger_in_a_folder, keeps_nothing_about_nobody) {
  ledger_file made = open();
  EXPECT_EQ(made.append({}, 1000), 0U);
  EXPECT_EQ(content().size(), header_bytes);
}

TEST_F(ledger_in_a_folder, of_another_installation_is_refused) {
  open();
  const core::error problem = refusal(other_house);
  EXPECT_EQ(problem.code(), core::errc::failed_precondition);
  EXPECT_NE(std::string(problem.what()).find(house), std::string::npos) << problem.what();
}

TEST_F(ledger_in_a_folder, continues_handles_above_all_that_were_given) {
  ledger_file made = open();
  made.append(handles({500}), 1000);
  const subject_handle first = made.append_restore(subject_handle(100), 2000);
  EXPECT_EQ(first.value(), 500 + ledger_file::restore_gap);
  const subject_handle second = open().append_restore(subject_handle(100), 3000);
  EXPECT_EQ(second.value(), first.value() + ledger_file::restore_gap);
}

TEST_F(ledger_in_a_folder, does_not_take_a_restore_for_a_person) {
  ledger_file made = open();
  made.append(handles({5}), 1000);
  made.append_restore(subject_handle(100), 2000);
  EXPECT_EQ(open().read_all(), handles({5}));
  EXPECT_EQ(open().size(), 1U);
}

// Every length that a killed append can leave.
TEST_F(ledger_in_a_folder, a_torn_tail_is_cut) {
  {
    ledger_file made = open();
    made.append(handles({7}), 1000);
    made.append(handles({8, 9}), 2000);
  }
  const std::string whole = content();
  const std::size_t first_ends = header_bytes + bytes_of_one;
  for (std::size_t length = first_ends + 1; length < whole.size(); ++length) {
    set_content(whole.substr(0, length));
    ledger_file torn = open();
    ASSERT_EQ(torn.read_all(), handles({7})) << "cut to " << length;
    ASSERT_EQ(content().size(), first_ends);
    ASSERT_EQ(torn.append(handles({8, 9}), 2000), 2U);
    ASSERT_EQ(content(), whole);
  }
}

// What a power cut leaves where blocks of the record were never written.
TEST_F(ledger_in_a_folder, a_tail_of_zeros_is_cut) {
  {
    ledger_file made = open();
    made.append(handles({7}), 1000);
    made.append(handles({8, 9}), 2000);
  }
  const std::string whole = content();
  const std::size_t first_ends = header_bytes + bytes_of_one;
  for (std::size_t from = first_ends; from <= whole.size() - 16; ++from) {
    std::string zeroed = whole;
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(from), zeroed.end(), '\0');
    set_content(zeroed);
    ASSERT_EQ(open().read_all(), handles({7})) << "zeros from " << from;
  }
}

TEST_F(ledger_in_a_folder, any_altered_byte_is_refused_naming_the_place) {
  {
    ledger_file made = open();
    made.append(handles({7}), 1000);
    made.append(handles({8}), 2000);
  }
  const std::string whole = content();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string altered = whole;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    set_content(altered);
    const core::error problem = refusal();
    ASSERT_EQ(problem.code(), core::errc::corrupt) << "byte " << at << ": " << problem.what();
    const std::size_t record = at < header_bytes ? 0 : header_bytes + (at - header_bytes) / bytes_of_one * bytes_of_one;
    ASSERT_NE(std::string(problem.what()).find("offset " + std::to_string(record) + ":"), std::string::npos)
        << "byte " << at << ": " << problem.what();
  }
}

TEST_F(ledger_in_a_folder, a_record_that_was_taken_out_is_missed) {
  {
    ledger_file made = open();
    made.append(handles({7}), 1000);
    made.append(handles({8}), 2000);
  }
  std::string cut = content();
  cut.erase(header_bytes, bytes_of_one);
  set_content(cut);
  EXPECT_EQ(refusal().code(), core::errc::corrupt);
}

TEST_F(ledger_in_a_folder, refuses_a_batch_above_the_limit) {
  ledger_file made = open();
  const std::vector<subject_handle> many(ledger_file::max_people_per_batch + 1, subject_handle(1));
  EXPECT_THROW(made.append(many, 1000), core::error);
  EXPECT_EQ(made.size(), 0U);
}

TEST_F(ledger_in_a_folder, an_append_that_does_not_fit_leaves_what_was_there) {
  ledger_file made = open();
  made.append(handles({7}), 1000);
  const std::vector<subject_handle> many(10'000, subject_handle(8));
  struct rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small = {4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(made.append(many, 2000), core::error);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  EXPECT_EQ(content().size(), header_bytes + bytes_of_one);
  EXPECT_EQ(made.append(handles({9}), 3000), 2U);
  EXPECT_EQ(open().read_all(), handles({7, 9}));
}

TEST_F(ledger_in_a_folder, holds_a_million_people_in_batches_of_any_size) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<subject_handle> everybody(1'000'000);
  for (subject_handle& one : everybody) {
    one = subject_handle(random() >> 1);
  }
  {
    ledger_file made = open();
    for (std::size_t from = 0; from < everybody.size();) {
      const std::size_t count = std::min<std::size_t>(1 + random() % 50'000, everybody.size() - from);
      made.append(std::span(everybody).subspan(from, count), 1000);
      from += count;
    }
  }
  const ledger_file again = open();
  EXPECT_EQ(again.size(), everybody.size());
  EXPECT_EQ(again.read_all(), everybody);
}

}  // namespace
}  // namespace eunomia::subject
