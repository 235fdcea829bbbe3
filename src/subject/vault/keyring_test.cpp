#include "subject/vault/keyring.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/temporary_directory.h"

namespace eunomia::subject {
namespace {

class keyring_in_a_folder : public testing::Test {
 protected:
  keyring open(bool may_create = true) { return keyring(folder_.path(), master_, "the master key", may_create); }
  std::filesystem::path file() const { return folder_.path() / keyring::file_name; }
  std::string refusal(const core::secret_key& master) {
    try {
      keyring(folder_.path(), master, "the master key", false);
    } catch (const core::error& problem) {
      return problem.what();
    }
    ADD_FAILURE() << "it was opened";
    return {};
  }

  core::temporary_directory folder_;
  core::secret_key master_ = core::secret_key::random();
};

TEST_F(keyring_in_a_folder, opens_again_to_the_same_keys) {
  const keyring made = open();
  const keyring again = open(false);
  EXPECT_EQ(again.id(), made.id());
  EXPECT_TRUE(again.key_of(1) == made.key_of(1));
  EXPECT_TRUE(again.signing_seed() == made.signing_seed());
  EXPECT_EQ(again.newest().number, 1);
}

TEST_F(keyring_in_a_folder, is_not_made_where_there_must_be_one) {
  EXPECT_NE(refusal(master_).find("is missing"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(keyring_in_a_folder, leaves_nothing_of_a_making_that_was_killed) {
  const std::filesystem::path begun = folder_.path() / ".eunomia-0123456789abcdef.tmp";
  core::write_file(begun, "{\"format\"");
  open();
  EXPECT_FALSE(std::filesystem::exists(begun));
}

TEST_F(keyring_in_a_folder, is_not_opened_by_another_master_key) {
  open();
  const std::string message = refusal(core::secret_key::random());
  EXPECT_NE(message.find("the master key does not open"), std::string::npos) << message;
}

TEST_F(keyring_in_a_folder, shows_no_key_in_its_file) {
  const keyring made = open();
  const std::string text = core::read_file(file());
  for (const core::secret_key& key : {made.key_of(1), made.signing_seed(), master_.clone()}) {
    EXPECT_EQ(text.find(core::to_base64(key.reveal())), std::string::npos);
    EXPECT_EQ(text.find(std::string_view(reinterpret_cast<const char*>(key.reveal().data()), 16)), std::string::npos);
  }
  EXPECT_EQ(std::filesystem::status(file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(keyring_in_a_folder, notices_every_altered_key) {
  open().begin_epoch(5);
  const std::string text = core::read_file(file());
  for (std::size_t at = text.find("\"key\": \""); at != std::string::npos; at = text.find("\"key\": \"", at + 1)) {
    std::string altered = text;
    char& letter = altered[at + 20];
    letter = letter == 'A' ? 'B' : 'A';
    core::write_file(file(), altered);
    EXPECT_NE(refusal(master_).find("damaged"), std::string::npos);
  }
  core::write_file(file(), text.substr(0, text.size() / 2));
  EXPECT_NE(refusal(master_).find("damaged"), std::string::npos);
}

TEST_F(keyring_in_a_folder, keeps_retired_epochs_until_they_are_destroyed) {
  keyring keys = open();
  const core::secret_key first = keys.key_of(1);
  EXPECT_EQ(keys.begin_epoch(1000), 2);
  EXPECT_EQ(keys.begin_epoch(2000), 3);
  EXPECT_TRUE(keys.key_of(1) == first);
  EXPECT_EQ(keys.epochs()[1].began_at, 1000);
  EXPECT_EQ(keys.epochs()[1].retired_at, 2000);
  keys.destroy(1, 3000);
  const keyring again = open(false);
  for (const keyring* ring : std::initializer_list<const keyring*>{&keys, &again}) {
    EXPECT_THROW(ring->key_of(1), core::error);
    EXPECT_EQ(ring->epochs()[0].destroyed_at, 3000);
    EXPECT_TRUE(ring->key_of(2) == keys.key_of(2));
    EXPECT_EQ(ring->newest().number, 3);
  }
}

TEST_F(keyring_in_a_folder, opens_with_its_new_master_key_only_once_it_is_resealed) {
  keyring keys = open();
  keys.begin_epoch(1000);
  keys.destroy(1, 2000);
  const core::secret_key anew = core::secret_key::random();
  keys.reseal(anew);
  keys.begin_epoch(3000);
  EXPECT_NE(refusal(master_).find("does not open"), std::string::npos);
  const keyring again(folder_.path(), anew, "the new master key", false);
  EXPECT_TRUE(again.key_of(3) == keys.key_of(3));
  EXPECT_TRUE(again.signing_seed() == keys.signing_seed());
  EXPECT_THROW(again.key_of(1), core::error);
}

TEST_F(keyring_in_a_folder, does_not_destroy_the_current_epoch) {
  keyring keys = open();
  EXPECT_THROW(keys.destroy(1, 1), core::error);
  EXPECT_THROW(keys.destroy(2, 1), core::error);
  EXPECT_NO_THROW(keys.key_of(1));
}

TEST_F(keyring_in_a_folder, overwrites_the_file_that_held_a_destroyed_key) {
  keyring keys = open();
  keys.begin_epoch(1000);
  const core::file_descriptor old = core::open_file(file(), O_RDONLY);
  keys.destroy(1, 2000);
  std::string content(4096, 'x');
  const ssize_t size = ::pread(old.get(), content.data(), content.size(), 0);
  ASSERT_GT(size, 100);
  EXPECT_EQ(content.substr(0, static_cast<std::size_t>(size)).find_first_not_of('\0'), std::string::npos);
}

}  // namespace
}  // namespace eunomia::subject
