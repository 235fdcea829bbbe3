#include "subject/directory.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <latch>
#include <random>
#include <set>
#include <thread>

#include "core/temporary_directory.h"
#include "store/sql/test_database.h"
#include "subject/identifier_map.h"

namespace eunomia::subject {
namespace {

using core::subject_handle;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
using store::sql::on_both_engines;
namespace sql = store::sql;

// What every directory promises; a directory is made by make().
void keeps_the_promises_of_a_directory(directory& people) {
  EXPECT_EQ(people.find("user", "ann"), std::nullopt);
  const std::string_view some[] = {"ann", "bob", "ann", "cid"};
  EXPECT_EQ(people.resolve("user", some),
            (std::vector{subject_handle(1), subject_handle(2), subject_handle(1), subject_handle(3)}));
  const std::string_view more[] = {"cid", "dan", "ann"};
  EXPECT_EQ(people.resolve("user", more), (std::vector{subject_handle(3), subject_handle(4), subject_handle(1)}));
  EXPECT_EQ(people.find("user", "bob"), subject_handle(2));
  const std::string_view asked[] = {"nobody", "dan"};
  EXPECT_EQ(people.find_all("user", asked), (std::vector{subject_handle(), subject_handle(4)}));
  EXPECT_EQ(people.count("user"), 4U);
  EXPECT_EQ(people.identifier_of("user", subject_handle(4)), "dan");
  EXPECT_EQ(people.identifier_of("user", subject_handle(99)), std::nullopt);
  const subject_handle back[] = {subject_handle(2), subject_handle(77), subject_handle(1), subject_handle(2)};
  EXPECT_EQ(people.identifiers_of("user", back),
            (std::vector<std::optional<std::string>>{"bob", std::nullopt, "ann", "bob"}));

  // Another space is other people.
  EXPECT_EQ(people.resolve("customer", "ann"), subject_handle(5));
  EXPECT_EQ(people.identifier_of("user", subject_handle(5)), std::nullopt);
  EXPECT_EQ(people.count("user"), 4U);
}

void takes_any_text_apart_byte_by_byte(directory& people) {
  std::vector<std::string> odd = {"O'Brien",
                                  "\"q\"",
                                  "a,b",
                                  "line\nbreak",
                                  " ann",
                                  "ann ",
                                  "ann",
                                  "Ann",
                                  "🦉",
                                  "e\u0301",
                                  "\u00e9",
                                  "{}",
                                  "\\",
                                  "NULL",
                                  "0",
                                  "00",
                                  "; DROP TABLE subject_identifier",
                                  "%_",
                                  std::string(10'000, 'x'),
                                  std::string(10'000, 'x') + "y",
                                  std::string(max_identifier_bytes, 'z')};
  const std::vector<std::string_view> raw(odd.begin(), odd.end());
  const std::vector<subject_handle> handles = people.resolve("user", raw);
  EXPECT_EQ(std::set(handles.begin(), handles.end()).size(), odd.size());
  EXPECT_EQ(people.find_all("user", raw), handles);
  for (std::size_t i = 0; i < odd.size(); ++i) {
    EXPECT_EQ(people.find("user", odd[i]), handles[i]) << odd[i];
    EXPECT_EQ(people.identifier_of("user", handles[i]), odd[i]);
  }
}

void refuses_what_cannot_be_kept_without_showing_it(directory& people) {
  const std::string bad[] = {"", "secret\xff\xfe", std::string("secret\0", 7),
                             "secret" + std::string(max_identifier_bytes, 'x'), "secret\xed\xa0\x80"};
  for (const std::string& raw : bad) {
    EXPECT_TRUE(identifier_fault(raw));
    const std::string_view mixed[] = {"good", raw};
    EXPECT_EQ(code_thrown_by([&] { people.resolve("user", mixed); }), core::errc::invalid_argument);
    EXPECT_EQ(code_thrown_by([&] { people.find("user", raw); }), core::errc::invalid_argument);
    EXPECT_EQ(message_thrown_by([&] { people.resolve("user", raw); }).find("secret"), std::string::npos);
  }
  EXPECT_NE(message_thrown_by([&] { people.resolve("user", bad[3]); }).find("max_identifier_bytes = 16384"),
            std::string::npos);
  EXPECT_EQ(people.count("user"), 0U);
  for (const std::string_view space : {"", "User", "a b", "ü"}) {
    EXPECT_EQ(code_thrown_by([&] { people.resolve(space, "x"); }), core::errc::invalid_argument);
  }
}

void gives_one_handle_to_threads_that_resolve_the_same(directory& people) {
  constexpr int threads = 4;
  std::vector<std::vector<subject_handle>> handles(threads);
  std::vector<std::thread> all;
  std::latch together(threads);
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      together.arrive_and_wait();
      for (int i = 0; i < 20; ++i) {
        handles[static_cast<std::size_t>(t)].push_back(people.resolve("user", "user " + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : all) {
    thread.join();
  }
  for (const auto& of_thread : handles) {
    EXPECT_EQ(of_thread, handles[0]);
  }
  EXPECT_EQ(people.count("user"), 20U);
}

#define EUNOMIA_FOR_EACH_PROMISE(TEST_MACRO, SUITE)                      \
  TEST_MACRO(SUITE, keeps_the_promises_of_a_directory) {                 \
    keeps_the_promises_of_a_directory(people());                         \
  }                                                                      \
  TEST_MACRO(SUITE, takes_any_text_apart_byte_by_byte) {                 \
    takes_any_text_apart_byte_by_byte(people());                         \
  }                                                                      \
  TEST_MACRO(SUITE, refuses_what_cannot_be_kept_without_showing_it) {    \
    refuses_what_cannot_be_kept_without_showing_it(people());            \
  }                                                                      \
  TEST_MACRO(SUITE, gives_one_handle_to_threads_that_resolve_the_same) { \
    gives_one_handle_to_threads_that_resolve_the_same(people());         \
  }

class memory_directory_ : public testing::Test {
 protected:
  directory& people() { return *people_; }

 private:
  std::unique_ptr<directory> people_ = make_memory_directory();
};
EUNOMIA_FOR_EACH_PROMISE(TEST_F, memory_directory_)

class sql_directory : public on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      db().migrate(directory_migrations());
      vault_ = open_vault(db(), keys_.path());
      people_ = open_directory(db(), vault_);
    }
  }
  durable_directory& people() { return *people_; }
  // As whoever opens what an import sealed has it; nothing without one.
  std::optional<core::secret_key> key_of(const core::data_key_source& in, subject_handle who) {
    data_keys keys = in.keys_of(std::span(&who, 1));
    return keys.empty() ? std::nullopt : std::optional(std::move(keys.at(who)));
  }
  std::optional<core::secret_key> durable_key_of(subject_handle who) { return key_of(*vault_, who); }

  static std::vector<subject_handle> resolve(enrolment& import, std::vector<std::string_view> raw) {
    std::vector<subject_handle> handles(raw.size());
    import.resolve(raw, handles);
    return handles;
  }
  void record(enrolment& import) {
    db().write([&](sql::transaction& in) { import.record(in); });
  }
  bool link(std::string_view space, std::string_view raw, subject_handle subject) {
    return db().write([&](sql::transaction& in) { return people().link(in, space, raw, subject); });
  }
  void erase(subject_handle subject) {
    EXPECT_TRUE(db().write([&](sql::transaction& in) { return people().erase(in, subject); }));
  }

  const std::filesystem::path& keys() const { return keys_.path(); }

 private:
  core::temporary_directory keys_;
  std::shared_ptr<vault> vault_;
  std::unique_ptr<durable_directory> people_;
};
EUNOMIA_ON_BOTH_ENGINES(sql_directory);
EUNOMIA_FOR_EACH_PROMISE(TEST_P, sql_directory)

TEST_P(sql_directory, remembers_after_opening_again) {
  people().resolve("user", "ann");
  const auto database = own().reopened();
  const auto again = open_directory(*database, open_vault(*database, keys()));
  EXPECT_EQ(again->find("user", "ann"), subject_handle(1));
  EXPECT_EQ(again->resolve("user", "bob"), subject_handle(2));
}

TEST_P(sql_directory, keeps_the_key_of_a_person_with_their_identifier) {
  const subject_handle ann = people().resolve("user", "ann");
  const auto keys = [&] {
    return db().read([](sql::connection& in) {
      return in.query_one("SELECT count(*) FROM subject_key WHERE subject > 0")[0].int64(0);
    });
  };
  EXPECT_EQ(keys(), 1);
  erase(ann);
  EXPECT_EQ(keys(), 0);
}

TEST_P(sql_directory, more_than_one_run_of_rows_is_resolved_and_found) {
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) {
    names.push_back("user-" + std::to_string(i));
  }
  const std::vector<std::string_view> raw(names.begin(), names.end());
  const auto handles = people().resolve("user", raw);
  for (std::size_t i = 0; i < handles.size(); ++i) {
    ASSERT_EQ(handles[i], subject_handle(i + 1));
  }
  EXPECT_EQ(people().find_all("user", raw), handles);
  EXPECT_EQ(people().identifiers_of("user", handles).back(), "user-9999");
}

TEST_P(sql_directory, an_import_adds_its_identifiers_with_the_transaction_that_publishes_it) {
  people().resolve("user", "ann");
  const auto import = people().enrol("user");
  EXPECT_EQ(resolve(*import, {"ann", "bob", "bob"}),
            (std::vector{subject_handle(1), subject_handle(2), subject_handle(2)}));
  EXPECT_EQ(resolve(*import, {"cid", "bob"}), (std::vector{subject_handle(3), subject_handle(2)}));
  EXPECT_EQ(import->added(), 2U);
  EXPECT_EQ(people().count("user"), 1U);
  record(*import);
  EXPECT_EQ(people().count("user"), 3U);
  EXPECT_EQ(people().identifier_of("user", subject_handle(3)), "cid");
}

TEST_P(sql_directory, an_erasure_between_two_that_are_committed_together_is_noticed) {
  const subject_handle ann = people().resolve("user", "ann");
  const auto before = people().enrol("user");
  const auto after = people().enrol("user");
  resolve(*before, {"ann"});
  resolve(*after, {"ann"});
  EXPECT_EQ(code_thrown_by([&] {
              db().write([&](sql::transaction& in) {
                before->record(in);
                people().erase(in, ann);
                after->record(in);
              });
            }),
            core::errc::failed_precondition);
}

TEST_P(sql_directory, what_came_before_an_erasure_brings_nobody_back_until_it_lets_go) {
  constexpr std::int64_t asked_at = 1000;
  const subject_handle ann = people().resolve("user", "ann");
  db().write([&](sql::transaction& in) {
    const identity_traces traces = people().traces_of(in, std::span(&ann, 1));
    people().erase(in, ann);
    people().withhold(in, 7, traces.identifiers, asked_at);
  });
  const auto met_at = [&](std::int64_t came_at) {
    const auto import = people().enrol("user");
    import->came_at(came_at);
    const auto handles = resolve(*import, {"ann", "bob", "ann"});
    EXPECT_EQ(handles[0], handles[2]);
    EXPECT_NE(handles[1], subject_handle());
    record(*import);
    return handles[0];
  };
  EXPECT_EQ(met_at(asked_at - 1), subject_handle());
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
  const subject_handle again = met_at(asked_at);
  EXPECT_NE(again, subject_handle());
  EXPECT_EQ(met_at(asked_at - 1), subject_handle()) << "also not to who came back";
  EXPECT_EQ(resolve(*people().enrol("user"), {"ann"}).front(), again);
  db().write([&](sql::transaction& in) { people().let_go(in, 7); });
  EXPECT_EQ(met_at(asked_at - 1), again);
}

TEST_P(sql_directory, an_import_that_fails_leaves_no_identifier) {
  {
    const auto import = people().enrol("user");
    resolve(*import, {"ann", "bob"});
    EXPECT_ANY_THROW(db().write([&](sql::transaction& in) {
      import->record(in);
      throw std::runtime_error("the import failed");
    }));
    // The transaction may be repeated.
    EXPECT_EQ(people().count("user"), 0U);
  }
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
  // Numbers that were handed out are not handed out again.
  EXPECT_GE(people().resolve("user", "zoe").value(), 3U);
}

TEST_P(sql_directory, imports_and_others_at_the_same_time_agree_on_handles) {
  const auto first = people().enrol("user");
  const auto second = people().enrol("user");
  const auto ann = resolve(*first, {"ann", "bob"});
  EXPECT_EQ(resolve(*second, {"bob", "ann"}), (std::vector{ann[1], ann[0]}));
  EXPECT_EQ(people().resolve("user", "ann"), ann[0]);
  EXPECT_EQ(people().count("user"), 1U);
  record(*second);
  record(*first);
  EXPECT_EQ(people().count("user"), 2U);
  EXPECT_EQ(people().find("user", "bob"), ann[1]);
}

TEST_P(sql_directory, a_promise_shared_with_a_failed_import_still_holds) {
  const auto second = people().enrol("user");
  subject_handle ann;
  {
    const auto first = people().enrol("user");
    ann = resolve(*first, {"ann"})[0];
    EXPECT_EQ(resolve(*second, {"ann"})[0], ann);
  }
  record(*second);
  EXPECT_EQ(people().find("user", "ann"), ann);
}

TEST_P(sql_directory, an_import_has_the_keys_of_people_before_it_makes_them_durable) {
  const subject_handle ann = people().resolve("user", "ann");
  const auto import = people().enrol("user");
  const subject_handle bob = resolve(*import, {"ann", "bob"})[1];
  const auto of_bob = key_of(*import, bob);
  ASSERT_TRUE(of_bob);
  EXPECT_TRUE(key_of(*import, ann) == durable_key_of(ann));
  EXPECT_FALSE(durable_key_of(bob));
  EXPECT_FALSE(*of_bob == *key_of(*import, ann));
  record(*import);
  EXPECT_TRUE(durable_key_of(bob) == of_bob);
  EXPECT_EQ(people().identifier_of("user", bob), "bob");
}

TEST_P(sql_directory, whoever_makes_a_promise_durable_makes_the_promised_key) {
  const auto first = people().enrol("user");
  const auto second = people().enrol("user");
  const auto handles = resolve(*first, {"ann", "bob", "cid"});
  resolve(*second, {"bob", "cid"});
  std::vector<std::optional<core::secret_key>> promised;
  for (const subject_handle who : handles) {
    promised.push_back(key_of(*first, who));
  }
  EXPECT_TRUE(key_of(*second, handles[1]) == promised[1]);
  people().resolve("user", "ann");
  EXPECT_TRUE(durable_key_of(handles[0]) == promised[0]);
  record(*second);
  record(*first);
  for (std::size_t i = 0; i < handles.size(); ++i) {
    EXPECT_TRUE(durable_key_of(handles[i]) == promised[i]);
  }
}

TEST_P(sql_directory, an_import_keeps_to_the_keys_it_promised_before_somebody_was_erased) {
  const subject_handle zoe = people().resolve("user", "zoe");
  const auto import = people().enrol("user");
  const subject_handle ann = resolve(*import, {"ann"})[0];
  const auto before = key_of(*import, ann);
  erase(zoe);
  const subject_handle bob = resolve(*import, {"bob"})[0];
  const auto after = key_of(*import, bob);
  EXPECT_TRUE(key_of(*import, ann) == before);
  record(*import);
  EXPECT_TRUE(durable_key_of(ann) == before);
  EXPECT_TRUE(durable_key_of(bob) == after);
}

TEST_P(sql_directory, an_import_that_fails_leaves_no_key) {
  subject_handle ann;
  {
    const auto import = people().enrol("user");
    ann = resolve(*import, {"ann"})[0];
    EXPECT_TRUE(key_of(*import, ann));
  }
  EXPECT_FALSE(durable_key_of(ann));
}

TEST_P(sql_directory, an_import_is_refused_when_another_process_enrolled_the_same_person) {
  const auto import = people().enrol("user");
  resolve(*import, {"ann", "bob"});
  const auto database = own().reopened();
  open_directory(*database, open_vault(*database, keys()))->resolve("user", "bob");
  EXPECT_EQ(code_thrown_by([&] { record(*import); }), core::errc::failed_precondition);
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
}

TEST_P(sql_directory, an_erased_subject_is_gone_and_its_handle_never_comes_back) {
  const subject_handle ann = people().resolve("user", "ann");
  erase(ann);
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
  EXPECT_EQ(people().identifier_of("user", ann), std::nullopt);
  EXPECT_FALSE(db().write([&](sql::transaction& in) { return people().erase(in, ann); }));
  EXPECT_NE(people().resolve("user", "ann"), ann);
}

TEST_P(sql_directory, somebody_is_known_by_another_identifier_and_not_by_the_old_one) {
  const subject_handle ann = people().resolve("user", "ann");
  people().resolve("user", "bob");
  const auto rename = [&](const char* from, const char* to) {
    db().write([&](sql::transaction& in) { people().rename(in, "user", ann, from, to); });
  };
  EXPECT_EQ(people().find("user", "ann"), ann);  // memory knows it now
  rename("ann", "anne");
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
  EXPECT_EQ(people().find("user", "anne"), ann);
  EXPECT_EQ(people().identifier_of("user", ann), "anne");
  EXPECT_EQ(people().count("user"), 2U);
  rename("ann", "anne");  // done again, as after a kill
  rename("anne", "anne");
  EXPECT_EQ(people().find("user", "anne"), ann);
  EXPECT_EQ(code_thrown_by([&] { rename("anne", "bob"); }), core::errc::already_exists);
  EXPECT_EQ(code_thrown_by([&] { rename("ann", "somebody"); }), core::errc::not_found);
  EXPECT_EQ(code_thrown_by([&] { rename("anne", ""); }), core::errc::invalid_argument);
  EXPECT_EQ(people().find("user", "anne"), ann);
  // The old one is free for somebody else.
  EXPECT_NE(people().resolve("user", "ann"), ann);
  erase(ann);
  EXPECT_EQ(people().find("user", "anne"), std::nullopt);
}

TEST_P(sql_directory, an_import_that_promised_an_identifier_to_somebody_new_is_refused_when_it_is_given_to_another) {
  const subject_handle ann = people().resolve("user", "ann");
  const auto import = people().enrol("user");
  const auto also = people().enrol("user");
  EXPECT_NE(resolve(*import, {"anne"})[0], ann);
  EXPECT_EQ(resolve(*also, {"ann"})[0], ann);
  db().write([&](sql::transaction& in) { people().rename(in, "user", ann, "ann", "anne"); });
  EXPECT_EQ(code_thrown_by([&] { record(*import); }), core::errc::failed_precondition);
  record(*also);
  EXPECT_EQ(people().find("user", "anne"), ann);
}

TEST_P(sql_directory, a_person_is_found_by_every_identifier_that_was_linked) {
  const subject_handle ann = people().resolve("user", "ann");
  const subject_handle bob = people().resolve("user", "bob");
  EXPECT_TRUE(link("email", "ann@example.org", ann));
  EXPECT_TRUE(link("email", "ann@example.com", ann));
  EXPECT_TRUE(link("user", "0", ann));
  EXPECT_FALSE(link("email", "ann@example.org", ann)) << "nothing changes";
  for (const auto& [space, raw] : {std::pair("email", "ann@example.org"), std::pair("email", "ann@example.com"),
                                   std::pair("user", "0"), std::pair("user", "ann")}) {
    EXPECT_EQ(people().find(space, raw), ann) << raw;
    EXPECT_EQ(people().resolve(space, raw), ann) << raw;
  }
  EXPECT_EQ(people().find("email", "ann"), std::nullopt) << "spaces stay apart";
  EXPECT_EQ(people().identifier_of("user", ann), "ann") << "of several the one that came first";
  EXPECT_EQ(people().known_by(ann).size(), 4U);
  EXPECT_EQ(people().known_by(bob).size(), 1U);
  EXPECT_EQ(db().read([&](sql::connection& in) { return people().everybody(in); }), (std::vector{ann, bob}));
}

TEST_P(sql_directory, nothing_that_names_somebody_else_is_linked) {
  const subject_handle ann = people().resolve("user", "ann");
  people().resolve("user", "bob");
  const auto message = message_thrown_by([&] { link("user", "bob", ann); });
  EXPECT_EQ(message.find("bob"), std::string::npos) << message;
  EXPECT_NE(message.find("somebody else"), std::string::npos) << message;
  EXPECT_EQ(code_thrown_by([&] { link("user", "bob", ann); }), core::errc::already_exists);
  EXPECT_EQ(code_thrown_by([&] { link("E-mail", "ann@example.org", ann); }), core::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { link("email", "", ann); }), core::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { link("email", "x", subject_handle(99)); }), core::errc::not_found);
  erase(ann);
  EXPECT_EQ(code_thrown_by([&] { link("email", "ann@example.org", ann); }), core::errc::not_found);
  EXPECT_EQ(people().find("email", "ann@example.org"), std::nullopt);
}

TEST_P(sql_directory, who_has_as_many_identifiers_as_there_may_be_gets_no_more) {
  const subject_handle ann = people().resolve("user", "ann");
  for (std::size_t i = 1; i < max_identifiers_of_a_subject; ++i) {
    link("email", "ann-" + std::to_string(i), ann);
  }
  EXPECT_EQ(code_thrown_by([&] { link("email", "one more", ann); }), core::errc::resource_exhausted);
}

TEST_P(sql_directory, erasing_somebody_erases_every_identifier_and_tells_of_all_before) {
  const subject_handle ann = people().resolve("user", "ann");
  link("email", "ann@example.org", ann);
  const auto traces = db().read([&](sql::connection& in) { return people().traces_of(in, std::span(&ann, 1)); });
  ASSERT_EQ(traces.identifiers.size(), 2U);
  EXPECT_EQ(traces.identifiers[0].identifier, "ann@example.org");
  EXPECT_EQ(traces.identifiers[1].identifier, "ann");
  EXPECT_EQ(traces.keys.size(), 1U) << "one key seals them all";
  erase(ann);
  EXPECT_EQ(people().find("user", "ann"), std::nullopt);
  EXPECT_EQ(people().find("email", "ann@example.org"), std::nullopt);
  EXPECT_NE(people().resolve("email", "ann@example.org"), ann) << "who comes back is somebody new";
}

TEST_P(sql_directory, a_linked_identifier_that_is_wrong_is_replaced_and_keeps_its_place) {
  const subject_handle ann = people().resolve("user", "zoe");
  link("user", "ann", ann);
  db().write([&](sql::transaction& in) { people().rename(in, "user", ann, "ann", "anne"); });
  EXPECT_EQ(people().identifier_of("user", ann), "zoe");
  EXPECT_EQ(people().find("user", "anne"), ann);
  db().write([&](sql::transaction& in) { people().rename(in, "user", ann, "zoe", "zoey"); });
  EXPECT_EQ(people().identifier_of("user", ann), "zoey");
}

TEST_P(sql_directory, an_import_of_rows_under_several_identifiers_of_one_person_goes_on_when_somebody_is_erased) {
  const subject_handle ann = people().resolve("user", "ann");
  const subject_handle bob = people().resolve("user", "bob");
  link("user", "0", ann);
  const auto import = people().enrol("user");
  EXPECT_EQ(resolve(*import, {"ann", "0"}), (std::vector{ann, ann}));
  erase(bob);
  record(*import);
  const auto another = people().enrol("user");
  EXPECT_EQ(resolve(*another, {"0", "ann"}), (std::vector{ann, ann}));
  erase(ann);
  EXPECT_EQ(code_thrown_by([&] { record(*another); }), core::errc::failed_precondition);
}

TEST_P(sql_directory, an_import_that_promised_an_identifier_is_refused_when_it_was_linked_to_somebody_meanwhile) {
  const subject_handle ann = people().resolve("user", "ann");
  const auto import = people().enrol("user");
  EXPECT_NE(resolve(*import, {"0"}).front(), ann);
  link("user", "0", ann);
  EXPECT_EQ(people().resolve("user", "0"), ann);
  EXPECT_EQ(code_thrown_by([&] { record(*import); }), core::errc::failed_precondition);
  EXPECT_EQ(people().find("user", "0"), ann);
}

TEST_P(sql_directory, an_import_that_holds_rows_of_an_erased_subject_is_refused) {
  const subject_handle ann = people().resolve("user", "ann");
  people().resolve("user", "bob");
  const auto with_ann = people().enrol("user");
  resolve(*with_ann, {"ann", "bob", "new"});
  const auto without_ann = people().enrol("user");
  resolve(*without_ann, {"bob", "newer"});
  erase(ann);
  EXPECT_EQ(code_thrown_by([&] { record(*with_ann); }), core::errc::failed_precondition);
  record(*without_ann);
  EXPECT_EQ(people().find("user", "new"), std::nullopt);
  EXPECT_TRUE(people().find("user", "newer"));
}

TEST_P(sql_directory, an_import_does_not_bring_back_somebody_enrolled_and_erased_meanwhile) {
  const auto import = people().enrol("user");
  const subject_handle ann = resolve(*import, {"ann"})[0];
  EXPECT_EQ(people().resolve("user", "ann"), ann);
  erase(ann);
  EXPECT_EQ(code_thrown_by([&] { record(*import); }), core::errc::failed_precondition);
  EXPECT_NE(people().resolve("user", "ann"), ann);
}

TEST_P(sql_directory, what_rests_of_somebody_is_sealed_and_leaves_the_files_with_them) {
  if (GetParam() != sql::engine::sqlite) {
    GTEST_SKIP() << "PostgreSQL's files are not ours to read";
  }
  const subject_handle canary = people().resolve("user", "canary-7f3a");
  people().resolve("user", "somebody");
  db().checkpoint_truncate();
  std::vector<std::string> rests;
  db().read([&](sql::connection& in) {
    const sql::rows identity =
        in.query("SELECT lookup, identifier FROM subject_identifier WHERE subject = :who", {{"who", canary}});
    rests = {std::string(identity[0].text(0)), std::string(identity[0].text(1))};
    rests.emplace_back(in.query("SELECT wrapped FROM subject_key WHERE subject = :who", {{"who", canary}})[0].text(0));
  });
  const auto files_hold = [&](std::string_view what) {
    for (const char* name : {"test.db", "test.db-wal"}) {
      std::ifstream file(own().folder() / name, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file), {}};
      if (bytes.find(what) != std::string::npos) {
        return true;
      }
    }
    return false;
  };
  for (const std::string& bytes : rests) {
    EXPECT_TRUE(files_hold(bytes));
  }
  EXPECT_FALSE(files_hold("canary-7f3a"));
  EXPECT_FALSE(files_hold("somebody"));
  erase(canary);
  db().checkpoint_truncate();
  for (const std::string& bytes : rests) {
    EXPECT_FALSE(files_hold(bytes));
  }
  EXPECT_EQ(people().identifier_of("user", people().resolve("user", "somebody")), "somebody");
}

TEST(identifier_map_, finds_what_was_inserted_and_nothing_else) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  identifier_map map;
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    all.push_back(std::to_string(i) + std::string(random() % 40, 'x'));
    EXPECT_EQ(map.insert(all.back(), subject_handle(i + 1)), i);
  }
  const std::vector<std::string_view> views(all.begin(), all.end());
  std::vector<subject_handle> handles(all.size());
  map.find(views, handles);
  for (std::uint64_t i = 0; i < all.size(); ++i) {
    ASSERT_EQ(map.find(all[i]), subject_handle(i + 1));
    ASSERT_EQ(handles[i], subject_handle(i + 1));
    ASSERT_EQ(map.identifier(i), all[i]);
    ASSERT_EQ(map.find(all[i] + "y"), subject_handle());
  }
}

}  // namespace
}  // namespace eunomia::subject
