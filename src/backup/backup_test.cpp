#include "backup/backup.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>

#include "backup/restore.h"
#include "core/error.h"
#include "core/file.h"
#include "core/job.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"
#include "subject/directory.h"
#include "subject/erasure/restores.h"
#include "subject/vault/vault.h"

namespace eunomia::backup {
namespace {

namespace fs = std::filesystem;
namespace sql = store::sql;
using core::errc;
using sql::code_thrown_by;
using sql::message_thrown_by;

constexpr sql::migration shop[] = {{"shop", 1,
                                    "CREATE TABLE shop_blob (key {text} PRIMARY KEY, size BIGINT NOT NULL,"
                                    " digest {text} NOT NULL)"}};

// Calls what it is given at each report of a stage.
class told_job final : public core::job {
 public:
  explicit told_job(std::function<void(std::string_view stage, std::uint64_t done)> told) : told_(std::move(told)) {}
  void report(std::string_view stage, std::uint64_t done, std::uint64_t) override { told_(stage, done); }

 private:
  std::function<void(std::string_view, std::uint64_t)> told_;
};

// People and files of a house, in a data directory of its own.
class house {
 public:
  house(sql::database& database, const fs::path& data)
      : database_(database), blobs_((fs::create_directories(data), store::open_disk_blob_store(data / "blobs"))) {
    database_.migrate(shop);
    database_.migrate(subject::directory_migrations());
    database_.migrate(subject::restore_migrations());
    keys_ = subject::open_vault(database_, data / "keys");
    people_ = subject::open_directory(database_, keys_);
    ledger_ = std::make_unique<subject::ledger_file>(data / "keys", keys_->keys().id());
  }

  source what() {
    return {database_,
            *blobs_,
            keys_->keys(),
            *ledger_,
            [](sql::connection& in) {
              std::vector<store::blob_ref> named;
              in.each("SELECT key, size, digest FROM shop_blob ORDER BY key", {}, [&](const sql::row& r) {
                named.push_back({std::string(r.text(0)), r.uint64(1), core::digest128_from_hex(r.text(2))});
              });
              return named;
            },
            "0.0.0"};
  }
  void put(const std::string& key, std::string_view content) {
    const store::blob_ref blob = blobs_->put(key, core::as_bytes(content));
    database_.write([&](sql::transaction& in) {
      in.execute("INSERT INTO shop_blob (key, size, digest) VALUES (:key, :size, :digest)",
                 {{"key", blob.key}, {"size", blob.size}, {"digest", core::to_hex(blob.digest)}});
    });
  }
  void remove(const std::string& key) {
    database_.write([&](sql::transaction& in) {
      in.execute("DELETE FROM shop_blob WHERE key = :key", {{"key", key}});
    });
    blobs_->remove(key);
  }
  subject::durable_directory& people() { return *people_; }
  subject::vault& keys() { return *keys_; }
  subject::ledger_file& ledger() { return *ledger_; }
  sql::database& database() { return database_; }

 private:
  sql::database& database_;
  std::unique_ptr<store::blob_store> blobs_;
  std::shared_ptr<subject::vault> keys_;
  std::unique_ptr<subject::durable_directory> people_;
  std::unique_ptr<subject::ledger_file> ledger_;
};

std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      all[entry.path().lexically_relative(folder).generic_string()] = core::read_file(entry.path());
    }
  }
  return all;
}

class backups : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      here_ = std::make_unique<house>(db(), data());
      known_ = here_->people().resolve("user", "somebody@example.org");
      here_->put("models/a", "the first model");
      here_->put("tables/1/07/b.parquet", std::string(3'000'000, 'p'));
    }
  }

  fs::path data() const { return scratch_.path() / "data"; }
  fs::path folder() const { return scratch_.path() / "backup"; }
  fs::path elsewhere() const { return scratch_.path() / "restored"; }
  manifest back_up() {
    core::job quiet;
    return make_backup(here_->what(), folder(), quiet);
  }
  // A target on the same engine, with the keys of the house.
  target to() {
    target wanted;
    wanted.data = elsewhere();
    wanted.keys = data() / "keys";
    if (GetParam() == sql::engine::postgresql) {
      if (!empty_) {
        empty_ = std::make_unique<sql::test_database>(GetParam());
      }
      wanted.database = empty_->url();
    }
    return wanted;
  }
  restored bring_back(const target& wanted) {
    core::job quiet;
    return restore(folder(), wanted, quiet);
  }
  std::unique_ptr<sql::database> database_of(const target& wanted) {
    return sql::database::open(wanted.database.empty() ? (wanted.data / "eunomia.db").string() : wanted.database);
  }

  core::temporary_directory scratch_;
  std::unique_ptr<sql::test_database> empty_;
  std::unique_ptr<house> here_;
  core::subject_handle known_;
};

TEST_P(backups, bring_back_people_and_files) {
  const manifest made = back_up();
  EXPECT_EQ(made.files.size(), 3U);
  bring_back(to());
  const auto database = database_of(to());
  house again(*database, elsewhere());
  EXPECT_EQ(again.people().find("user", "somebody@example.org"), known_);
  EXPECT_EQ(core::read_file(elsewhere() / "blobs/models/a"), "the first model");
  EXPECT_EQ(files_below(elsewhere() / "blobs"), files_below(data() / "blobs"));
}

TEST_P(backups, say_that_the_ledger_is_to_be_replayed) {
  back_up();
  bring_back(to());
  const auto database = database_of(to());
  const auto pending = database->read([](sql::connection& in) { return subject::replay_pending(in); });
  ASSERT_TRUE(pending.has_value());
  database->write([&](sql::transaction& in) { subject::complete_replay(in, pending->id, 0, 1); });
  EXPECT_FALSE(database->read([](sql::connection& in) { return subject::replay_pending(in); }).has_value());
}

TEST_P(backups, let_no_handle_name_a_second_person) {
  back_up();
  const core::subject_handle since = here_->people().resolve("user", "later@example.org");
  here_->ledger().append({&since, 1}, 1);
  bring_back(to());
  const auto database = database_of(to());
  house again(*database, elsewhere());
  EXPECT_GT(again.people().resolve("user", "new@example.org").value(), since.value());
}

TEST_P(backups, have_a_file_that_is_removed_while_they_are_made) {
  bool removed = false;
  told_job removing([&](std::string_view stage, std::uint64_t) {
    if (stage == "files" && !std::exchange(removed, true)) {
      here_->remove("models/a");
      here_->remove("tables/1/07/b.parquet");
    }
  });
  make_backup(here_->what(), folder(), removing);
  EXPECT_TRUE(removed);
  EXPECT_TRUE(files_below(data() / "blobs").empty());
  EXPECT_EQ(core::read_file(folder() / "blobs/models/a"), "the first model");
  core::job quiet;
  EXPECT_EQ(verify(folder(), quiet).files.size(), 3U);
}

TEST_P(backups, hold_no_key_and_no_identifier) {
  back_up();
  const std::string master = core::read_file(data() / "keys/master.key");
  for (const auto& [name, content] : files_below(folder())) {
    EXPECT_EQ(content.find("somebody@example.org"), std::string::npos) << name;
    EXPECT_EQ(content.find(master.substr(0, 40)), std::string::npos) << name;
  }
}

TEST_P(backups, with_an_altered_byte_are_refused_naming_the_file) {
  back_up();
  core::job quiet;
  for (const auto& [name, content] : files_below(folder())) {
    for (const std::size_t at : {std::size_t{0}, content.size() / 2, content.size() - 1}) {
      std::string altered = content;
      altered[at] = static_cast<char>(altered[at] ^ 1);
      std::ofstream(folder() / name, std::ios::binary) << altered;
      const std::string message = message_thrown_by([&] { bring_back(to()); });
      EXPECT_NE(message.find(name), std::string::npos) << name << " at " << at << ": " << message;
      EXPECT_FALSE(fs::exists(elsewhere()));
    }
    std::ofstream(folder() / name, std::ios::binary) << content;
  }
  verify(folder(), quiet);
}

TEST_P(backups, with_a_missing_file_are_refused_naming_it) {
  back_up();
  fs::remove(folder() / "blobs/models/a");
  EXPECT_NE(message_thrown_by([&] { bring_back(to()); }).find("models/a"), std::string::npos);
}

TEST_P(backups, that_were_cancelled_leave_nothing_and_may_be_made_again) {
  told_job cancelling([&](std::string_view stage, std::uint64_t) {
    if (stage == "files") {
      cancelling.cancel();
    }
  });
  EXPECT_EQ(code_thrown_by([&] { make_backup(here_->what(), folder(), cancelling); }), errc::cancelled);
  EXPECT_TRUE(fs::is_empty(folder()));
  back_up();
}

TEST_P(backups, that_were_killed_do_not_look_whole_and_are_made_again) {
  back_up();
  fs::remove(folder() / manifest_name);
  std::ofstream(folder() / unfinished_name) << "x";
  core::job quiet;
  EXPECT_EQ(code_thrown_by([&] { verify(folder(), quiet); }), errc::not_found);
  back_up();
  verify(folder(), quiet);
}

TEST_P(backups, are_not_made_over_another_or_among_other_files) {
  back_up();
  EXPECT_EQ(code_thrown_by([&] { back_up(); }), errc::already_exists);
  fs::remove_all(folder());
  fs::create_directory(folder());
  std::ofstream(folder() / "letter") << "x";
  EXPECT_EQ(code_thrown_by([&] { back_up(); }), errc::failed_precondition);
  EXPECT_TRUE(fs::exists(folder() / "letter"));
}

TEST_P(backups, are_not_restored_over_anything) {
  back_up();
  fs::create_directories(elsewhere());
  std::ofstream(elsewhere() / "eunomia.db") << "x";
  EXPECT_EQ(code_thrown_by([&] { bring_back(to()); }), errc::failed_precondition);
  fs::remove(elsewhere() / "eunomia.db");
  if (GetParam() == sql::engine::postgresql) {
    target wanted = to();
    wanted.database = own().url();
    EXPECT_EQ(code_thrown_by([&] { bring_back(wanted); }), errc::failed_precondition);
  }
}

TEST_P(backups, are_made_where_one_was_killed_while_it_wrote_its_first_file) {
  fs::create_directories(folder());
  std::ofstream(folder() / ".eunomia-0123456789abcdef.tmp") << "half";
  back_up();
  EXPECT_FALSE(fs::exists(folder() / ".eunomia-0123456789abcdef.tmp"));
}

TEST_P(backups, are_restored_where_one_was_killed_while_it_wrote_its_first_file) {
  back_up();
  fs::create_directories(elsewhere());
  std::ofstream(elsewhere() / ".eunomia-0123456789abcdef.tmp") << "half";
  bring_back(to());
  EXPECT_FALSE(fs::exists(elsewhere() / ".eunomia-0123456789abcdef.tmp"));
}

TEST_P(backups, open_with_their_own_keyring_only) {
  back_up();
  const core::temporary_directory other;
  const sql::test_database another(sql::engine::sqlite);
  house stranger(*another, other.path());
  target wanted = to();
  wanted.keys = other.path() / "keys";
  const std::string message = message_thrown_by([&] { bring_back(wanted); });
  EXPECT_NE(message.find(here_->keys().keys().id()), std::string::npos) << message;
}

TEST_P(backups, that_somebody_else_signed_are_refused) {
  const manifest made = back_up();
  write_manifest(folder(), made, core::signing_key(core::secret_key::random()));
  core::job quiet;
  verify(folder(), quiet);
  const std::string message = message_thrown_by([&] { bring_back(to()); });
  EXPECT_NE(message.find("not signed by this installation"), std::string::npos) << message;
}

TEST_P(backups, open_no_more_once_their_epoch_is_destroyed) {
  back_up();
  core::job quiet;
  here_->keys().roll(core::now_ms(), 0, quiet);
  const std::string message = message_thrown_by([&] { bring_back(to()); });
  EXPECT_NE(message.find("epoch 1 was destroyed"), std::string::npos) << message;
  EXPECT_NE(message.find("as is intended"), std::string::npos) << message;
}

TEST_P(backups, of_a_retired_epoch_are_wrapped_with_the_newest) {
  back_up();
  core::job quiet;
  here_->keys().roll(core::now_ms(), 1'000'000, quiet);
  bring_back(to());
  const auto database = database_of(to());
  house again(*database, elsewhere());
  again.keys().enter_newest(quiet);
  EXPECT_EQ(database->read([](sql::connection& in) { return subject::epochs_needed(in); }),
            std::vector<std::int64_t>{2});
  EXPECT_EQ(again.people().identifier_of("user", known_), "somebody@example.org");
}

TEST_P(backups, want_the_ledger_of_erasures) {
  back_up();
  fs::remove(data() / "keys/erased");
  const std::string message = message_thrown_by([&] { bring_back(to()); });
  EXPECT_NE(message.find("--without-ledger"), std::string::npos) << message;
  target wanted = to();
  wanted.without_ledger = true;
  bring_back(wanted);
}

TEST_P(backups, want_a_ledger_that_is_no_older_than_they_are) {
  const std::string older = core::read_file(data() / "keys/erased");
  here_->ledger().append({&known_, 1}, 1);
  back_up();
  core::write_file(data() / "keys/erased", older);
  EXPECT_EQ(code_thrown_by([&] { bring_back(to()); }), errc::failed_precondition);
  target wanted = to();
  wanted.without_ledger = true;
  bring_back(wanted);
}

TEST_P(backups, that_were_restored_half_open_for_nobody_until_they_are_restored_again) {
  back_up();
  for (const std::string_view at : {"files", "rows"}) {
    told_job cancelling([&](std::string_view stage, std::uint64_t) {
      if (stage == at) {
        cancelling.cancel();
      }
    });
    EXPECT_EQ(code_thrown_by([&] { restore(folder(), to(), cancelling); }), errc::cancelled) << at;
    EXPECT_EQ(code_thrown_by([&] { check_restored(elsewhere()); }), errc::failed_precondition) << at;
  }
  bring_back(to());
  check_restored(elsewhere());
  const auto database = database_of(to());
  house again(*database, elsewhere());
  EXPECT_EQ(again.people().find("user", "somebody@example.org"), known_);
}

TEST_P(backups, whose_rows_were_loaded_before_a_kill_are_not_loaded_twice) {
  back_up();
  const auto wanted = to();
  std::string note;
  told_job noting([&](std::string_view stage, std::uint64_t) {
    if (stage == "rows") {
      note = core::read_file(elsewhere() / restoring_name);
    }
  });
  restore(folder(), wanted, noting);
  core::write_file(elsewhere() / restoring_name, note);
  bring_back(wanted);
  check_restored(elsewhere());
  const auto database = database_of(wanted);
  const auto rows = database->read([](sql::connection& in) { return in.query("SELECT id FROM subject_restore"); });
  EXPECT_EQ(rows.size(), 1U);
}

EUNOMIA_ON_BOTH_ENGINES(backups);

}  // namespace
}  // namespace eunomia::backup
