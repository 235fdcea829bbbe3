#include "subject/vault/master_key.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/temporary_directory.h"

namespace eunomia::subject {
namespace {

namespace fs = std::filesystem;

const std::string some_key = core::to_base64(std::string(core::secret_key::size, 'k'));

bool is_some_key(const core::secret_key& key) {
  return core::to_base64(key.reveal()) == some_key;
}

std::string refusal(const master_key_source& source) {
  try {
    read_master_key(source, false);
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::failed_precondition) << problem.what();
    return problem.what();
  }
  ADD_FAILURE() << "it was taken";
  return {};
}

class master_key : public testing::Test {
 protected:
  fs::path file() const { return folder_.path() / "keys" / "master.key"; }
  void write(const std::string& text, fs::perms rights = fs::perms::owner_read) {
    fs::create_directories(file().parent_path());
    std::ofstream(file()) << text;
    fs::permissions(file(), rights);
  }

 private:
  core::temporary_directory folder_;
};

TEST_F(master_key, is_made_once_for_its_owner_only) {
  const core::secret_key made = read_master_key({file(), {}, {}}, true);
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(read_master_key({file(), {}, {}}, true) == made);
  EXPECT_TRUE(read_master_key({file(), {}, {}}, false) == made);
}

TEST_F(master_key, that_is_missing_is_named_with_what_to_do) {
  const std::string message = refusal({file(), {}, {}});
  EXPECT_NE(message.find(file().string()), std::string::npos) << message;
  EXPECT_NE(message.find("--master-key-file"), std::string::npos) << message;
  EXPECT_FALSE(fs::exists(file()));
}

TEST_F(master_key, comes_from_a_file_with_white_space_around_it) {
  write("\n  " + some_key + "\r\n");
  EXPECT_TRUE(is_some_key(read_master_key({file(), {}, {}}, false)));
}

TEST_F(master_key, in_a_file_that_others_can_read_is_refused) {
  write(some_key, fs::perms::owner_read | fs::perms::group_read);
  EXPECT_NE(refusal({file(), {}, {}}).find("chmod 600"), std::string::npos);
}

TEST_F(master_key, that_is_no_key_is_refused_without_showing_it) {
  for (const std::string text : {"", "secret", "c2VjcmV0", "c2VjcmV0!"}) {
    write(text, fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(refusal({file(), {}, {}}).find("ecret"), std::string::npos);
    EXPECT_NE(refusal({file(), {}, {}}).find("openssl rand"), std::string::npos);
  }
}

TEST_F(master_key, comes_from_the_environment_before_the_file) {
  write("nothing");
  EXPECT_TRUE(is_some_key(read_master_key({file(), some_key, {}}, false)));
}

TEST_F(master_key, is_what_a_command_prints) {
  EXPECT_TRUE(is_some_key(read_master_key({file(), {}, "printf '%s\\n' " + some_key}, false)));
}

TEST_F(master_key, of_a_command_that_fails_is_refused) {
  EXPECT_NE(refusal({file(), {}, "echo " + some_key + "; exit 3"}).find("failed"), std::string::npos);
  EXPECT_NE(refusal({file(), {}, "no-such-program-anywhere 2>&1"}).find("failed"), std::string::npos);
  EXPECT_NE(refusal({file(), {}, "head -c 100000 /dev/zero"}).find("more than a key"), std::string::npos);
}

TEST_F(master_key, from_two_places_is_refused) {
  EXPECT_THROW(read_master_key({file(), some_key, "echo " + some_key}, false), core::error);
}

}  // namespace
}  // namespace eunomia::subject
