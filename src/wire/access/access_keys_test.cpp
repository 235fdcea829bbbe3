#include "wire/access/access_keys.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/job.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"
#include "subject/vault/vault.h"
#include "wire/access/on_record.h"
#include "wire/access/terms.h"

namespace eunomia::wire::access {
namespace {

namespace sql = store::sql;
using core::errc;
using http::role;
using sql::code_thrown_by;
using sql::message_thrown_by;

class access_keys_for_signing : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      open();
    }
  }
  void TearDown() override { close(); }

  void open(subject::master_key_source source = {}) {
    vault_ = subject::open_vault(db(), folder_.path() / "keys", std::move(source));
    all_ = std::make_unique<access_keys>(db(), vault_->key_for(access_keys::sealing_key_use));
  }
  void close() {
    all_.reset();
    vault_.reset();
  }
  std::string stored(const std::string& column) {
    return db().read([&](sql::connection& in) {
      return std::string(in.query_one("SELECT " + column + " FROM access_key")[0].text(0));
    });
  }
  void set(const std::string& id, const std::string& column, std::int64_t value) {
    db().write([&](sql::transaction& in) {
      in.execute("UPDATE access_key SET " + column + " = :value WHERE id = :id", {{"value", value}, {"id", id}});
    });
  }

  core::temporary_directory folder_;
  std::unique_ptr<subject::vault> vault_;
  std::unique_ptr<access_keys> all_;
};
EUNOMIA_ON_BOTH_ENGINES(access_keys_for_signing);

TEST_P(access_keys_for_signing, look_as_clients_of_aws_expect) {
  const auto made = all_->create(role::engineer, "nightly export");
  const auto fits = [](std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); });
  };
  EXPECT_EQ(made.record.id.size(), 20U);
  EXPECT_TRUE(made.record.id.starts_with("EUNA") && fits(made.record.id)) << made.record.id;
  EXPECT_EQ(made.secret.size(), 40U);
  EXPECT_TRUE(fits(made.secret));
  EXPECT_NE(all_->create(role::engineer, "another").secret, made.secret);
}

TEST_P(access_keys_for_signing, are_found_with_their_secret_and_role_after_a_restart_too) {
  const auto made = all_->create(role::engineer, "nightly export");
  for (int restarts = 0; restarts < 2; ++restarts) {
    const auto key = all_->find(made.record.id);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->who.id, made.record.id);
    EXPECT_EQ(key->who.as, role::engineer);
    EXPECT_EQ(key->secret, made.secret);
    EXPECT_EQ(all_->list().at(0).label, "nightly export");
    close();
    open();
  }
  EXPECT_FALSE(all_->find("EUNAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(all_->find(""));
}

TEST_P(access_keys_for_signing, rest_sealed_and_open_in_their_own_row_only) {
  const auto first = all_->create(role::service, "a");
  EXPECT_EQ(stored("sealed").find(first.secret), std::string::npos);
  const std::string sealed = stored("sealed");
  const auto second = all_->create(role::administrator, "b");
  db().write([&](sql::transaction& in) {
    in.execute("UPDATE access_key SET sealed = :sealed WHERE id = :id", {{"sealed", sealed}, {"id", second.record.id}});
  });
  EXPECT_EQ(code_thrown_by([&] { access_keys(db(), vault_->key_for(access_keys::sealing_key_use)); }), errc::corrupt);
}

TEST_P(access_keys_for_signing, do_not_open_with_another_key) {
  all_->create(role::service, "a");
  EXPECT_EQ(code_thrown_by([&] { access_keys(db(), core::secret_key::random()); }), errc::corrupt);
}

TEST_P(access_keys_for_signing, outlive_rolls_of_the_keys_and_another_master_key) {
  const auto made = all_->create(role::service, "a");
  core::job job;
  const std::int64_t now = core::now_ms();
  vault_->roll(now, 0, job);
  vault_->roll(now + 1, 0, job);
  const auto anew = folder_.path() / "new.key";
  vault_->keys().reseal(subject::read_master_key({anew, {}, {}}, true));
  close();
  open({anew, {}, {}});
  ASSERT_TRUE(all_->find(made.record.id));
  EXPECT_EQ(all_->find(made.record.id)->secret, made.secret);
}

TEST_P(access_keys_for_signing, end_when_they_expire_or_are_revoked) {
  const auto expired = all_->create(role::service, "short", 1);
  EXPECT_EQ(expired.record.expires_at - expired.record.created_at, core::milliseconds_per_day);
  EXPECT_TRUE(all_->find(expired.record.id));
  set(expired.record.id, "expires_at", core::now_ms());
  const auto revoked = all_->create(role::service, "old");
  all_->revoke(revoked.record.id);
  EXPECT_FALSE(all_->find(revoked.record.id));
  const std::int64_t at = all_->list().at(1).revoked_at;
  all_->revoke(revoked.record.id);
  EXPECT_EQ(all_->list().at(1).revoked_at, at);
  close();
  open();
  EXPECT_FALSE(all_->find(expired.record.id));
  EXPECT_FALSE(all_->find(revoked.record.id));
  EXPECT_EQ(all_->list().size(), 2U);
  EXPECT_EQ(code_thrown_by([&] { all_->revoke("EUNA"); }), errc::not_found);
}

TEST_P(access_keys_for_signing, go_ninety_days_after_their_end) {
  const auto old = all_->create(role::service, "old");
  all_->revoke(old.record.id);
  set(old.record.id, "revoked_at", core::now_ms() - std::int64_t{keep_ended_days + 1} * core::milliseconds_per_day);
  close();
  open();
  EXPECT_EQ(all_->list().size(), 1U);
  const auto made = all_->create(role::service, "new");
  ASSERT_EQ(all_->list().size(), 1U);
  EXPECT_EQ(stored("id"), made.record.id);
}

TEST_P(access_keys_for_signing, have_a_label_and_live_ten_years_at_most) {
  EXPECT_EQ(code_thrown_by([&] { all_->create(role::service, ""); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all_->create(role::service, "a\nb"); }), errc::invalid_argument);
  EXPECT_EQ(message_thrown_by([&] { all_->create(role::service, "a", max_lifetime_days + 1); }),
            "an access key cannot live for 3651 days (max_lifetime_days = 3650; 0: forever)");
  EXPECT_TRUE(all_->list().empty());
}

TEST_P(access_keys_for_signing, are_in_the_log_without_their_secret) {
  subject::audit_log log(db());
  const auto by = subject::actor::token("tok-1");
  const auto made = create_on_record(*all_, log, role::engineer, "nightly export", 0, by);
  revoke_on_record(*all_, log, made.record.id, by);
  revoke_on_record(*all_, log, made.record.id, by);  // nothing changes: nothing is on record
  const auto entries = log.entries({});
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].action, "access_key.created");
  EXPECT_EQ(entries[0].actor, "token tok-1");
  EXPECT_EQ(entries[0].details,
            R"({"access_key":")" + made.record.id + R"(","role":"engineer","label":"nightly export"})");
  EXPECT_EQ(entries[1].action, "access_key.revoked");
  EXPECT_EQ(entries[1].details, entries[0].details);
}

TEST_P(access_keys_for_signing, are_not_changed_when_the_entry_cannot_be_written) {
  subject::audit_log log(db());
  const auto by = subject::actor::token("tok-1");
  const auto made = create_on_record(*all_, log, role::service, "a", 0, by);
  db().write([](sql::transaction& in) { in.execute("DELETE FROM audit_head"); });
  EXPECT_EQ(code_thrown_by([&] { create_on_record(*all_, log, role::service, "b", 0, by); }), errc::corrupt);
  EXPECT_EQ(code_thrown_by([&] { revoke_on_record(*all_, log, made.record.id, by); }), errc::corrupt);
  EXPECT_TRUE(all_->find(made.record.id));
  close();
  open();
  EXPECT_TRUE(all_->find(made.record.id));
  EXPECT_EQ(all_->list().size(), 1U);
}

TEST_P(access_keys_for_signing, are_found_by_their_label_while_they_are_good) {
  const auto first = all_->create(role::engineer, "recombee:shop");
  all_->create(role::engineer, "recombee:other");
  const auto second = all_->create(role::service, "recombee:shop");
  EXPECT_EQ(all_->labelled("recombee:shop", 10).size(), 2U);
  EXPECT_EQ(all_->labelled("recombee:shop", 1).size(), 1U);
  all_->revoke(second.record.id);
  const auto left = all_->labelled("recombee:shop", 10);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0]->who.id, first.record.id);
  EXPECT_EQ(left[0]->secret, first.secret);
  EXPECT_TRUE(all_->labelled("recombee:none", 10).empty());
}

}  // namespace
}  // namespace eunomia::wire::access
