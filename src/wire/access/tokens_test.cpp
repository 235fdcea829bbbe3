#include "wire/access/tokens.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/file.h"
#include "core/hash.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"
#include "wire/access/terms.h"
#include "wire/access/token_text.h"

namespace eunomia::wire::access {
namespace {

using core::errc;
using http::role;
using store::sql::code_thrown_by;
using store::sql::connection;
using store::sql::message_thrown_by;
using store::sql::transaction;

http::request with_authorization(std::string value) {
  http::request head;
  head.headers = {{"Host", "localhost"}, {"authorization", std::move(value)}};
  return head;
}

http::authenticator::outcome tried(const tokens& in, const std::string& value) {
  return in.authenticate(with_authorization(value));
}

std::string with_other_end(std::string token) {
  token.back() = token.back() == 'A' ? 'E' : 'A';
  return token;
}

class bearer_tokens : public store::sql::on_both_engines {
 protected:
  void set(const std::string& id, const std::string& column, std::int64_t value) {
    db().write([&](transaction& in) {
      in.execute("UPDATE access_token SET " + column + " = :value WHERE id = :id",
                 {{"value", value}, {"id", *parse_id(id)}});
    });
  }
  std::int64_t stored_last_used_day() {
    return db().read(
        [](connection& in) { return in.query_one("SELECT max(last_used_day) FROM access_token")[0].int64(0); });
  }
};
EUNOMIA_ON_BOTH_ENGINES(bearer_tokens);

TEST_P(bearer_tokens, a_token_tells_who_calls) {
  tokens all(db());
  const tokens::created made = all.create(role::engineer, "training pipeline");
  EXPECT_EQ(made.record.id, "tok-1");
  EXPECT_EQ(made.token.size(), 6 + secret_characters);
  EXPECT_EQ(made.token.substr(0, 6), "eun_1_");
  const auto outcome = tried(all, "Bearer " + made.token);
  ASSERT_TRUE(outcome.who);
  EXPECT_EQ(outcome.who->id, "tok-1");
  EXPECT_EQ(outcome.who->as, role::engineer);
}

TEST_P(bearer_tokens, every_role_comes_back_after_a_restart) {
  const std::vector<role> roles = {role::administrator, role::privacy_officer, role::engineer, role::annotator,
                                   role::service};
  std::vector<std::string> given;
  {
    tokens before(db());
    for (const role each : roles) {
      given.push_back(before.create(each, "a label with \"quotes\" and é").token);
    }
  }
  const tokens after(db());
  for (std::size_t i = 0; i < roles.size(); ++i) {
    const auto outcome = tried(after, "Bearer " + given[i]);
    ASSERT_TRUE(outcome.who);
    EXPECT_EQ(outcome.who->as, roles[i]);
  }
  EXPECT_EQ(after.list().at(2).label, "a label with \"quotes\" and é");
}

TEST_P(bearer_tokens, no_header_is_no_attempt) {
  const tokens all(db());
  const auto outcome = all.authenticate({});
  EXPECT_FALSE(outcome.who);
  EXPECT_FALSE(outcome.was_tried);
  EXPECT_EQ(outcome.reason, "no Authorization header");
  EXPECT_EQ(all.challenge(), "Bearer realm=\"eunomia\"");
}

TEST_P(bearer_tokens, a_wrong_secret_is_unknown_whatever_became_of_the_token) {
  tokens all(db());
  const tokens::created good = all.create(role::service, "shop");
  const tokens::created revoked = all.create(role::service, "old shop");
  all.revoke(revoked.record.id);
  std::string nobodys = good.token;
  nobodys[4] = '9';
  for (const std::string& wrong : {with_other_end(good.token), with_other_end(revoked.token), nobodys}) {
    const auto outcome = tried(all, "Bearer " + wrong);
    EXPECT_FALSE(outcome.who);
    EXPECT_TRUE(outcome.was_tried);
    EXPECT_EQ(outcome.reason, "the bearer token is unknown");
  }
}

TEST_P(bearer_tokens, the_secret_of_one_token_does_not_open_another) {
  tokens all(db());
  const std::string first = all.create(role::administrator, "a").token;
  const std::string second = all.create(role::service, "b").token;
  EXPECT_FALSE(tried(all, "Bearer eun_1_" + second.substr(6)).who);
  EXPECT_FALSE(tried(all, "Bearer eun_2_" + first.substr(6)).who);
}

TEST_P(bearer_tokens, an_expired_token_is_refused) {
  std::string given;
  {
    tokens before(db());
    const tokens::created made = before.create(role::service, "short", 1);
    EXPECT_EQ(made.record.expires_at - made.record.created_at, core::milliseconds_per_day);
    EXPECT_TRUE(tried(before, "Bearer " + made.token).who);
    given = made.token;
    set(made.record.id, "expires_at", core::now_ms());
  }
  const tokens after(db());
  const auto outcome = tried(after, "Bearer " + given);
  EXPECT_FALSE(outcome.who);
  EXPECT_TRUE(outcome.was_tried);
  EXPECT_EQ(outcome.reason, "the bearer token is expired");
}

TEST_P(bearer_tokens, a_revoked_token_is_refused_at_once_and_after_a_restart) {
  std::string given;
  {
    tokens all(db());
    const tokens::created made = all.create(role::service, "shop");
    all.revoke(made.record.id);
    EXPECT_EQ(tried(all, "Bearer " + made.token).reason, "the bearer token is revoked");
    const std::int64_t at = all.list().at(0).revoked_at;
    EXPECT_GT(at, 0);
    all.revoke(made.record.id);
    EXPECT_EQ(all.list().at(0).revoked_at, at);
    given = made.token;
  }
  const tokens after(db());
  EXPECT_EQ(tried(after, "Bearer " + given).reason, "the bearer token is revoked");
}

TEST_P(bearer_tokens, what_is_not_there_cannot_be_revoked) {
  tokens all(db());
  all.create(role::administrator, "a");
  for (const std::string_view id :
       {"tok-2", "tok-01", "tok-", "1", "tok--1", "tok-1x", "tok-99999999999999999999", ""}) {
    EXPECT_EQ(code_thrown_by([&] { all.revoke(id); }), errc::not_found) << id;
  }
}

TEST_P(bearer_tokens, the_last_good_token_of_an_administrator_cannot_be_revoked) {
  tokens all(db());
  const std::string first = all.create(role::administrator, "a").record.id;
  const std::string second = all.create(role::administrator, "b").record.id;
  all.create(role::service, "c");
  all.revoke(first);
  EXPECT_EQ(code_thrown_by([&] { all.revoke(second); }), errc::failed_precondition);
  EXPECT_EQ(all.list().at(1).revoked_at, 0);
}

TEST_P(bearer_tokens, the_scheme_is_read_in_any_case_and_spaces_around_the_token_do_not_matter) {
  tokens all(db());
  const std::string token = all.create(role::service, "shop").token;
  for (const std::string& value : {"bearer " + token, "BEARER " + token, "BeArEr    " + token, "Bearer " + token + "  ",
                                   "Bearer " + token + "\t"}) {
    EXPECT_TRUE(tried(all, value).who) << value.substr(0, 12);
  }
}

TEST_P(bearer_tokens, malformed_headers_are_refused_as_attempts) {
  tokens all(db());
  const std::string token = all.create(role::service, "shop").token;
  const std::string secret = token.substr(6);
  const std::string no_such_numbers[] = {"", "0", "01", "-1", "+1", "x", "99999999999999999999"};
  std::vector<std::string> values = {"",
                                     " ",
                                     "Bearer",
                                     "Bearer ",
                                     "Bearer    ",
                                     token,
                                     "Bearer" + token,
                                     "Bearer\t" + token,
                                     " Bearer " + token,
                                     "Basic " + token,
                                     "Bearers " + token,
                                     "Bearer Bearer " + token,
                                     "Bearer " + token + " x",
                                     "Bearer " + token + "," + token,
                                     "Bearer " + token + "A",
                                     "Bearer " + token.substr(0, token.size() - 1),
                                     "Bearer EUN_1_" + secret,
                                     "Bearer eun_1" + secret,
                                     "Bearer eun_",
                                     "Bearer " + std::string(8000, '_'),
                                     "Bearer eun_1_" + std::string(secret_characters, '\0')};
  for (const std::string& number : no_such_numbers) {
    values.push_back("Bearer eun_" + number + "_" + secret);
  }
  for (const std::string& value : values) {
    const auto outcome = tried(all, value);
    EXPECT_FALSE(outcome.who) << value.substr(0, 30);
    EXPECT_TRUE(outcome.was_tried) << value.substr(0, 30);
    EXPECT_NE(outcome.reason, "");
    EXPECT_EQ(outcome.reason.find(secret), std::string::npos);
  }
}

TEST_P(bearer_tokens, two_credentials_are_none) {
  tokens all(db());
  const std::string token = "Bearer " + all.create(role::service, "shop").token;
  http::request head;
  head.headers = {{"Authorization", token}, {"authorization", token}};
  const auto outcome = all.authenticate(head);
  EXPECT_FALSE(outcome.who);
  EXPECT_TRUE(outcome.was_tried);
}

TEST_P(bearer_tokens, secrets_are_never_the_same) {
  tokens all(db());
  std::vector<std::string> secrets;
  for (int i = 0; i < 20; ++i) {
    secrets.push_back(all.create(role::service, "shop").token.substr(7));
  }
  std::sort(secrets.begin(), secrets.end());
  EXPECT_EQ(std::adjacent_find(secrets.begin(), secrets.end()), secrets.end());
}

TEST_P(bearer_tokens, labels_and_lifetimes_are_checked) {
  tokens all(db());
  const auto refused = [&](std::string_view label, std::uint32_t days = 0) {
    EXPECT_EQ(code_thrown_by([&] { all.create(role::service, label, days); }), errc::invalid_argument);
    return message_thrown_by([&] { all.create(role::service, label, days); });
  };
  EXPECT_NE(refused("").find("max_label_bytes"), std::string::npos);
  EXPECT_NE(refused(std::string(max_label_bytes + 1, 'x')).find("max_label_bytes"), std::string::npos);
  refused("two\nlines");
  refused("\x7f");
  refused("escape \xc2\x9b");
  refused("\xff");
  refused(std::string_view("a\0b", 3));
  EXPECT_NE(refused("shop", max_lifetime_days + 1).find("max_lifetime_days"), std::string::npos);
  EXPECT_TRUE(all.list().empty());
  EXPECT_EQ(all.create(role::service, "Läden, 店").record.label, "Läden, 店");
}

TEST_P(bearer_tokens, tokens_that_ended_long_ago_make_room) {
  std::string old_revoked, old_expired, young;
  {
    tokens before(db());
    before.create(role::administrator, "a");
    old_revoked = before.create(role::service, "r").record.id;
    old_expired = before.create(role::service, "e").record.id;
    young = before.create(role::service, "y").record.id;
    const std::int64_t long_ago = core::now_ms() - std::int64_t{keep_ended_days} * core::milliseconds_per_day - 1;
    set(old_revoked, "revoked_at", long_ago);
    set(old_expired, "expires_at", long_ago);
    set(young, "revoked_at", long_ago + core::milliseconds_per_day);
  }
  tokens all(db());
  EXPECT_EQ(all.list().size(), 4U);
  all.create(role::service, "new");
  const auto ids = [](const tokens& of) {
    std::vector<std::string> found;
    for (const token_record& each : of.list()) {
      found.push_back(each.id);
    }
    return found;
  };
  const std::vector<std::string> left = {"tok-1", young, "tok-5"};
  EXPECT_EQ(ids(all), left);
  EXPECT_EQ(ids(tokens(db())), left);
}

TEST_P(bearer_tokens, there_is_a_limit_to_their_number) {
  { const tokens makes_the_table(db()); }
  const std::string digest(64, '0');
  const std::vector<std::string_view> roles(tokens::max_tokens, "service"), labels(tokens::max_tokens, "x"),
      digests(tokens::max_tokens, digest);
  const std::vector<std::int64_t> zeros(tokens::max_tokens, 0);
  db().write([&](transaction& in) {
    in.insert_many("access_token", {{"role", std::span(roles)},
                                    {"label", std::span(labels)},
                                    {"digest", std::span(digests)},
                                    {"created_at", std::span(zeros)},
                                    {"expires_at", std::span(zeros)}});
  });
  tokens all(db());
  EXPECT_EQ(code_thrown_by([&] { all.create(role::service, "one more"); }), errc::resource_exhausted);
  EXPECT_NE(message_thrown_by([&] { all.create(role::service, "one more"); }).find("max_tokens = 10000"),
            std::string::npos);
}

TEST_P(bearer_tokens, the_first_token_goes_to_a_file_that_only_its_owner_reads) {
  const core::temporary_directory folder;
  const std::filesystem::path file = folder.path() / "administrator-token";
  tokens all(db());
  EXPECT_TRUE(all.create_first(file));
  struct stat about = {};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 07777, 0600U);
  std::string token = core::read_file(file);
  ASSERT_EQ(token.back(), '\n');
  token.pop_back();
  const auto outcome = tried(all, "Bearer " + token);
  ASSERT_TRUE(outcome.who);
  EXPECT_EQ(outcome.who->as, role::administrator);
  EXPECT_TRUE(tried(tokens(db()), "Bearer " + token).who);
}

TEST_P(bearer_tokens, the_first_tokens_file_is_left_alone_when_there_are_tokens) {
  const core::temporary_directory folder;
  const std::filesystem::path file = folder.path() / "administrator-token";
  {
    tokens before(db());
    EXPECT_TRUE(before.create_first(file));
    EXPECT_FALSE(before.create_first(file));
  }
  const std::string first = core::read_file(file);
  tokens after(db());
  EXPECT_FALSE(after.create_first(file));
  EXPECT_EQ(core::read_file(file), first);
  std::filesystem::remove(file);
  EXPECT_FALSE(after.create_first(file));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_P(bearer_tokens, there_is_no_token_when_its_file_cannot_be_written) {
  const core::temporary_directory folder;
  tokens all(db());
  EXPECT_EQ(code_thrown_by([&] { all.create_first(folder.path() / "no such folder" / "token"); }), errc::not_found);
  EXPECT_TRUE(all.list().empty());
  EXPECT_TRUE(tokens(db()).list().empty());
  EXPECT_TRUE(all.create_first(folder.path() / "token"));
}

TEST_P(bearer_tokens, the_day_of_the_last_use_is_listed_at_once_and_survives_a_restart) {
  const std::int64_t before = core::now_ms() / core::milliseconds_per_day * core::milliseconds_per_day;
  std::int64_t day = 0;
  {
    tokens all(db());
    const std::string token = all.create(role::service, "shop").token;
    EXPECT_EQ(all.list().at(0).last_used_day, 0);
    tried(all, "Bearer " + with_other_end(token));
    EXPECT_EQ(all.list().at(0).last_used_day, 0);
    tried(all, "Bearer " + token);
    day = all.list().at(0).last_used_day;
    EXPECT_GE(day, before);
    EXPECT_EQ(day % core::milliseconds_per_day, 0);
  }
  EXPECT_EQ(tokens(db()).list().at(0).last_used_day, day);
}

TEST_P(bearer_tokens, the_day_of_the_last_use_is_written_while_the_server_runs) {
  tokens all(db());
  tried(all, "Bearer " + all.create(role::service, "shop").token);
  while (stored_last_used_day() == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(stored_last_used_day(), all.list().at(0).last_used_day);
}

TEST_P(bearer_tokens, authentication_does_not_wait_for_a_writer_of_the_database) {
  tokens all(db());
  const std::string first = all.create(role::service, "a").token;
  const std::string second = all.create(role::service, "b").token;
  std::promise<void> writing, authenticated;
  std::thread writer([&] {
    db().write([&](transaction& in) {
      in.execute("UPDATE access_token SET label = 'held'");
      writing.set_value();
      authenticated.get_future().wait();  // for ever, if authentication waited for this
    });
  });
  writing.get_future().wait();
  EXPECT_TRUE(tried(all, "Bearer " + first).who);
  EXPECT_TRUE(tried(all, "Bearer " + second).who);
  authenticated.set_value();
  writer.join();
}

TEST_P(bearer_tokens, requests_meet_tokens_that_come_and_go) {
  tokens all(db());
  const std::string lasting = all.create(role::administrator, "a").token;
  std::atomic<bool> done = false;
  std::vector<std::thread> requests;
  for (int t = 0; t < 3; ++t) {
    requests.emplace_back([&] {
      while (!done) {
        EXPECT_TRUE(tried(all, "Bearer " + lasting).who);
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    const tokens::created made = all.create(role::service, "b");
    EXPECT_TRUE(tried(all, "Bearer " + made.token).who);
    all.revoke(made.record.id);
    EXPECT_FALSE(tried(all, "Bearer " + made.token).who);
  }
  done = true;
  for (std::thread& each : requests) {
    each.join();
  }
}

TEST(bearer_tokens_at_rest, nothing_of_a_token_is_in_the_database_files) {
  store::sql::test_database database(store::sql::engine::sqlite);
  std::vector<std::string> given;
  const core::temporary_directory folder;
  {
    tokens all(*database);
    all.create_first(folder.path() / "token");
    given.push_back(core::read_file(folder.path() / "token"));
    given.back().pop_back();
    given.push_back(all.create(role::service, "the label is there").token);
    all.revoke("tok-2");
  }
  std::string files;
  std::vector<std::string> names;
  for (const auto& each : std::filesystem::directory_iterator(database.folder())) {
    names.push_back(each.path().filename());
    files += core::read_file(each.path());
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "test.db-wal"), names.end());
  EXPECT_NE(files.find("the label is there"), std::string::npos);  // so the tokens would be seen as well
  for (const std::string& token : given) {
    const std::string secret = token.substr(6);
    EXPECT_NE(files.find(core::to_hex(digest_of(secret))), std::string::npos);
    // No piece of its text, of eight characters and 48 bits, and no piece of its bytes, plain or as hexadecimal.
    for (std::size_t i = 0; i + 8 <= secret.size(); ++i) {
      EXPECT_EQ(files.find(secret.substr(i, 8)), std::string::npos);
    }
    std::string base64 = secret + "=";
    std::replace(base64.begin(), base64.end(), '-', '+');
    std::replace(base64.begin(), base64.end(), '_', '/');
    const std::vector<std::byte> bytes = core::from_base64(base64);
    for (std::size_t i = 0; i + 6 <= bytes.size(); ++i) {
      const auto piece = core::bytes_view(bytes).subspan(i, 6);
      EXPECT_EQ(files.find(std::string_view(reinterpret_cast<const char*>(piece.data()), piece.size())),
                std::string::npos);
      EXPECT_EQ(files.find(core::to_hex(piece)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace eunomia::wire::access
