#include "subject/vault/vault.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "core/hash.h"
#include "core/temporary_directory.h"
#include "store/sql/test_database.h"

namespace eunomia::subject {
namespace {

namespace sql = store::sql;
using core::subject_handle;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;

constexpr std::int64_t day = 86'400'000;

class vault_on_both_engines : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      vault_ = open_vault(db(), folder());
    }
  }
  std::filesystem::path folder() const { return folder_.path() / "keys"; }
  std::string made_key(std::uint64_t who) {
    const subject_handle subject(who);
    return db().write([&](sql::transaction& in) {
      return core::to_base64(vault_->make_keys(in, std::span(&subject, 1)).at(subject).reveal());
    });
  }
  std::string key(std::uint64_t who) {
    const subject_handle subject(who);
    return db().read([&](sql::connection& in) {
      const auto found = vault_->keys_of(in, std::span(&subject, 1));
      return found.empty() ? "none" : core::to_base64(found.at(subject).reveal());
    });
  }
  void destroy(std::uint64_t who) {
    const subject_handle subject(who);
    db().write([&](sql::transaction& in) { vault_->destroy_keys(in, std::span(&subject, 1)); });
  }
  std::string wrapped(std::uint64_t who) {
    return db().read([&](sql::connection& in) {
      return std::string(
          in.query_one("SELECT wrapped FROM subject_key WHERE subject = :who", {{"who", subject_handle(who)}})[0].text(
              0));
    });
  }

  core::temporary_directory folder_;
  std::unique_ptr<vault> vault_;
  core::job job_;
};
EUNOMIA_ON_BOTH_ENGINES(vault_on_both_engines);

TEST_P(vault_on_both_engines, gives_everybody_a_key_of_their_own_and_keeps_it) {
  const std::string ann = made_key(1);
  const std::string bob = made_key(2);
  EXPECT_NE(ann, bob);
  EXPECT_EQ(made_key(1), ann);
  EXPECT_EQ(key(1), ann);
  EXPECT_EQ(key(3), "none");
  vault_ = open_vault(db(), folder());
  EXPECT_EQ(key(1), ann);
}

TEST_P(vault_on_both_engines, makes_the_keys_of_thousands_some_of_whom_have_one) {
  const std::string before = made_key(77);
  std::vector<subject_handle> people;
  for (std::uint64_t who = 1; who <= 10'000; ++who) {
    people.emplace_back(who);
  }
  const data_keys keys = db().write([&](sql::transaction& in) { return vault_->make_keys(in, people); });
  EXPECT_EQ(keys.size(), people.size());
  EXPECT_EQ(core::to_base64(keys.at(subject_handle(77)).reveal()), before);
  EXPECT_EQ(core::to_base64(keys.at(subject_handle(9'999)).reveal()), key(9'999));
}

TEST_P(vault_on_both_engines, a_key_that_was_destroyed_is_gone_and_the_next_is_another) {
  const std::string ann = made_key(1);
  destroy(1);
  EXPECT_EQ(key(1), "none");
  EXPECT_NE(made_key(1), ann);
}

TEST_P(vault_on_both_engines, a_key_does_not_open_when_it_is_moved_to_somebody_else) {
  made_key(1);
  made_key(2);
  db().write([&](sql::transaction& in) {
    in.execute("UPDATE subject_key SET wrapped = :other WHERE subject = 2", {{"other", wrapped(1)}});
  });
  EXPECT_EQ(code_thrown_by([&] { key(2); }), core::errc::corrupt);
}

TEST_P(vault_on_both_engines, rolling_wraps_the_living_anew_and_destroys_what_is_due) {
  const std::string ann = made_key(1);
  const std::string lookup = vault_->lookup_of("user", "ann");
  const core::secret_key for_a_use = vault_->key_for("a use");
  EXPECT_FALSE(vault_->key_for("another use") == for_a_use);
  const std::string before = wrapped(1);
  const rolled_keys first = vault_->roll(10 * day, 30 * day, job_);
  EXPECT_EQ(first.epoch, 2);
  EXPECT_EQ(first.rewrapped, 2U);  // hers, and that of lookups
  EXPECT_TRUE(first.destroyed.empty());
  EXPECT_NE(wrapped(1), before);
  EXPECT_EQ(key(1), ann);
  EXPECT_EQ(vault_->finish_rolling(40 * day - 1, 30 * day, job_).destroyed, std::vector<std::int64_t>{});
  EXPECT_EQ(vault_->finish_rolling(40 * day, 30 * day, job_).destroyed, std::vector<std::int64_t>{1});
  vault_ = open_vault(db(), folder());
  EXPECT_EQ(key(1), ann);
  EXPECT_EQ(vault_->lookup_of("user", "ann"), lookup);
  EXPECT_TRUE(vault_->key_for("a use") == for_a_use);
}

// A copy of the database, as a backup or a replica has one, from before somebody was erased.
TEST_P(vault_on_both_engines, a_copy_from_before_an_erasure_opens_no_more_once_its_epoch_is_destroyed) {
  made_key(1);
  made_key(2);
  const std::string ann_in_the_copy = wrapped(1);
  const std::string bob_in_the_copy = wrapped(2);
  destroy(1);
  vault_->roll(10 * day, 0, job_);
  db().write([&](sql::transaction& in) {
    in.execute("INSERT INTO subject_key (subject, epoch, wrapped) VALUES (1, 1, :ann)", {{"ann", ann_in_the_copy}});
    in.execute("UPDATE subject_key SET epoch = 1, wrapped = :bob WHERE subject = 2", {{"bob", bob_in_the_copy}});
  });
  EXPECT_NE(message_thrown_by([&] { key(1); }).find("epoch 1 was destroyed at"), std::string::npos);
  EXPECT_EQ(code_thrown_by([&] { key(2); }), core::errc::not_found);
}

TEST_P(vault_on_both_engines, a_roll_that_was_interrupted_is_ended_by_the_next) {
  const std::string ann = made_key(1);
  {
    // Killed after the keyring was written, before the database was.
    keyring ring(folder(), read_master_key({folder() / "master.key", {}, {}}, false), "the master key", false);
    ring.begin_epoch(10 * day);
  }
  vault_ = open_vault(db(), folder());
  EXPECT_EQ(key(1), ann);
  EXPECT_EQ(vault_->roll(11 * day, 0, job_).epoch, 2);
  // Killed before anything was wrapped anew: cancelled says the same.
  core::job cancelled;
  cancelled.cancel();
  EXPECT_EQ(code_thrown_by([&] { vault_->roll(12 * day, 0, cancelled); }), core::errc::cancelled);
  vault_ = open_vault(db(), folder());
  EXPECT_EQ(key(1), ann);
  made_key(2);
  const rolled_keys rest = vault_->finish_rolling(13 * day, 0, job_);
  EXPECT_EQ(rest.epoch, 3);
  EXPECT_EQ(rest.rewrapped, 2U);
  EXPECT_EQ(rest.destroyed, std::vector<std::int64_t>{2});
  EXPECT_EQ(key(1), ann);
}

TEST_P(vault_on_both_engines, an_epoch_is_not_destroyed_while_somebody_needs_it) {
  const std::string ann = made_key(1);
  core::job cancelled;
  cancelled.cancel();
  EXPECT_THROW(vault_->roll(10 * day, 0, cancelled), core::error);
  EXPECT_EQ(vault_->keys().epochs().front().destroyed_at, 0);
  EXPECT_EQ(key(1), ann);
}

TEST_P(vault_on_both_engines, people_come_and_go_while_keys_are_rolled) {
  std::atomic<bool> done = false;
  std::thread writer([&] {
    for (std::uint64_t who = 1; !done; ++who) {
      made_key(who);
      if (who % 3 == 0) {
        destroy(who - 1);
      }
    }
  });
  EXPECT_NO_THROW({
    for (int round = 1; round <= 10; ++round) {
      vault_->roll(round * day, 0, job_);
    }
  });
  done = true;
  writer.join();
  vault_->finish_rolling(20 * day, 0, job_);
  std::set<std::int64_t> epochs;
  db().read([&](sql::connection& in) {
    in.each("SELECT DISTINCT epoch FROM subject_key", {}, [&](const sql::row& row) { epochs.insert(row.int64(0)); });
    std::vector<subject_handle> people;
    in.each("SELECT subject FROM subject_key", {}, [&](const sql::row& row) { people.emplace_back(row.uint64(0)); });
    EXPECT_EQ(vault_->keys_of(in, people).size(), people.size());
  });
  EXPECT_EQ(epochs, std::set<std::int64_t>{11});
}

TEST_P(vault_on_both_engines, a_database_is_not_opened_with_another_keyring) {
  vault_.reset();
  const core::temporary_directory other;
  const std::string message = message_thrown_by([&] { open_vault(db(), other.path()); });
  EXPECT_NE(message.find("master.key is missing"), std::string::npos) << message;
  EXPECT_FALSE(std::filesystem::exists(other.path() / "keyring"));
  {
    const core::secret_key master = read_master_key({other.path() / "master.key", {}, {}}, true);
    keyring(other.path(), master, "it", true);
  }
  EXPECT_NE(message_thrown_by([&] { open_vault(db(), other.path()); }).find("put that keyring back"),
            std::string::npos);
}

TEST(sealed_text, opens_with_its_key_at_its_place_only) {
  const auto key = core::secret_key::random();
  const std::string sealed = seal_text(key, "ann@example.eu", "profile.e-mail 7");
  EXPECT_EQ(unseal_text(key, sealed, "profile.e-mail 7"), "ann@example.eu");
  EXPECT_EQ(code_thrown_by([&] { unseal_text(key, sealed, "profile.e-mail 8"); }), core::errc::corrupt);
  EXPECT_EQ(code_thrown_by([&] { unseal_text(core::secret_key::random(), sealed, "profile.e-mail 7"); }),
            core::errc::corrupt);
}

TEST(pseudonym, follows_from_the_key_alone) {
  const auto key = core::secret_key::random();
  EXPECT_EQ(pseudonym_of(key), pseudonym_of(key.clone()));
  EXPECT_EQ(pseudonym_of(key).text().size(), 32U);
  EXPECT_NE(pseudonym_of(key), pseudonym_of(core::secret_key::random()));
}

}  // namespace
}  // namespace eunomia::subject
