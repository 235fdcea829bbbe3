#include "subject/erasure/erasures.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "core/file.h"
#include "core/subject_handles.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/locked_files.h"
#include "store/sql/test_database.h"
#include "subject/erasure/byte_scan.h"
#include "subject/erasure/dismissed_finds.h"

namespace eunomia::subject {
namespace {

using core::errc;
using people_view = std::span<const core::subject_handle>;

// Rows of people in a file of the data directory: a line for each, "SUBJECT TEXT".
struct notebook {
  std::filesystem::path file;
  std::multimap<core::subject_handle, std::string> rows;
  std::set<core::subject_handle> expected;  // to go, as it was told
  int held_back = 0;
  std::vector<std::string> calls;
  bool broken = false;
  bool unreadable = false;    // nobody can look into it
  bool broken_after = false;  // fails when the rows are gone
  bool lies = false;          // says that it erased, and did not
  std::string title;          // what the notebook is called, as somebody may be

  void save() const {
    std::string text;
    for (const auto& [who, row] : rows) {
      text += row + "\n";
    }
    core::write_file(file, text);
  }
};

class notebook_guard final : public erasure_guard {
 public:
  notebook_guard(notebook& of, people_view people) : of_(of), people_(people.begin(), people.end()) { ++of_.held_back; }
  ~notebook_guard() override { --of_.held_back; }
  void kept() noexcept override { of_.expected.insert(people_.begin(), people_.end()); }

 private:
  notebook& of_;
  std::vector<core::subject_handle> people_;
};

class notebook_custodian final : public custodian {
 public:
  explicit notebook_custodian(notebook& of) : of_(of) {}
  std::string_view name() const override { return "notebook"; }
  std::vector<holding> describe() const override { return {}; }
  void collect(core::subject_handle, const custody_context&, collector&) const override {}

  std::unique_ptr<erasure_guard> hold_back(people_view people) override {
    return std::make_unique<notebook_guard>(of_, people);
  }
  std::vector<certificate_step> leave_memory(people_view people, const custody_context&) override {
    of_.calls.emplace_back("leave_memory");
    return {{"", "memory of it", "memory", erasure_level::physically_erased, people.size(), "", {}, {}, 0}};
  }
  std::vector<amount_held> find(people_view people, const custody_context&) const override {
    of_.calls.emplace_back("find");
    if (of_.unreadable) {
      throw core::error(errc::corrupt, "a page is missing");
    }
    std::uint64_t count = 0;
    for (const auto who : people) {
      count += of_.rows.count(who);
    }
    return count == 0 ? std::vector<amount_held>{} : std::vector<amount_held>{{"notes", "file", count}};
  }
  void erase(people_view people, const custody_context&, std::vector<certificate_step>& done) override {
    of_.calls.emplace_back("erase");
    if (of_.broken) {
      throw core::error(errc::resource_exhausted, "the notebook is full");
    }
    std::uint64_t count = 0;
    for (const auto who : people) {
      count += of_.lies ? 1 : of_.rows.erase(who);
    }
    of_.save();
    done.push_back({"", "notes", "file", erasure_level::physically_erased, count, "", {}, {}, 0});
    if (of_.broken_after) {
      throw core::error(errc::unavailable, "the binding came off");
    }
  }
  std::vector<std::string_view> known_by_name_alone(std::string_view space,
                                                    std::span<const std::string_view> identifiers) const override {
    std::vector<std::string_view> known;
    if (space == "user") {
      std::ranges::copy_if(identifiers, std::back_inserter(known), [](auto name) { return name == "visitor-7"; });
    }
    return known;
  }
  std::vector<std::string> names_of_others(std::span<const std::string> identifiers) const override {
    return std::vector<std::string>(static_cast<std::size_t>(std::ranges::count(identifiers, of_.title)), of_.title);
  }
  void erased(people_view people) noexcept override {
    for (const auto who : people) {
      of_.expected.erase(who);
    }
  }
  std::vector<std::string> recipients_of(std::string_view what) const override {
    return what == "notes" ? std::vector<std::string>{"a carrier", "a printer"} : std::vector<std::string>();
  }
  void expire(const retention_rules&, const custody_context&, std::vector<certificate_step>&) override {}
  void leave_out_held(std::vector<core::subject_handle>& people, const custody_context&) const override {
    std::erase_if(people, [&](core::subject_handle who) { return of_.rows.contains(who); });
  }

 private:
  notebook& of_;
};

class erasures_on_both : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(directory_migrations());
    notes_.file = data() / "notes";
    std::filesystem::create_directories(data() / "uploads");
    open();
    for (const char* name : {"ann-of-the-mill", "bob-of-the-mill", "eve-of-the-mill"}) {
      const auto who = people_->resolve("user", name);
      notes_.rows.emplace(who, "likes tea");
      notes_.rows.emplace(who, "likes cats");
    }
    notes_.save();
  }
  void TearDown() override {
    all_.reset();
    ledger_.reset();
    audit_.reset();
    purposes_.reset();
    people_.reset();
    keys_.reset();
    on_both_engines::TearDown();
  }
  void open() {
    keys_ = open_vault(db(), folder_.path() / "keys");
    people_ = open_directory(db(), keys_);
    purposes_ = std::make_unique<purposes>(db());
    audit_ = std::make_unique<audit_log>(db());
    ledger_ = std::make_unique<ledger_file>(folder_.path() / "keys", keys_->keys().id());
    custodians_ = {};
    custodians_.add(std::make_unique<notebook_custodian>(notes_));
    all_ = std::make_unique<erasures>(
        erasure_house{db(), *keys_, *people_, *purposes_, *audit_, *ledger_, custodians_, data(), {"uploads/"}});
  }
  // As another start of the process would.
  void restart() {
    notes_.expected.clear();
    all_.reset();
    ledger_.reset();
    audit_.reset();
    purposes_.reset();
    people_.reset();
    keys_.reset();
    open();
  }

  // With the file of the database in it, as the server has it.
  std::filesystem::path data() {
    return db().speaks() == store::sql::engine::sqlite ? own().folder() : folder_.path() / "data";
  }
  core::subject_handle handle(const char* name) { return people_->find("user", name).value(); }
  rights_request begin(std::vector<core::subject_handle> gone) {
    return all_->begin(gone, actor::token("tok-1"), {pool_, job_});
  }
  std::vector<rights_request> finish() { return all_->finish({pool_, job_}); }
  certificate verified(std::int64_t request) {
    const auto key = core::signing_key(keys_->keys().signing_seed()).public_half();
    return verify_certificate(all_->certificate_of(request), {&key, 1}).content;
  }
  const certificate_step* step(const certificate& in, std::string_view what) {
    for (const auto& one : in.steps) {
      if (one.what == what) {
        return &one;
      }
    }
    return nullptr;
  }
  std::string obstacle(errc code) {
    try {
      finish();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      return problem.what();
    }
    ADD_FAILURE() << "nothing stood in the way";
    return {};
  }

  rights_request dismiss(const rights_request& request, std::string_view file,
                         std::string_view reason = "a part of the title of a book") {
    return all_->dismiss_find(request.id, file, reason, actor::token("tok-2"));
  }
  errc refusal(const rights_request& request, std::string_view file, std::string_view reason = "a title") {
    return store::sql::code_thrown_by([&] { dismiss(request, file, reason); });
  }

  // Enrols them; those whose digest is then in the file more often than in the table and in its index, ascending.
  std::vector<core::subject_handle> left_behind_of(std::span<const std::string> names) {
    const std::vector<std::string_view> views(names.begin(), names.end());
    std::vector<core::subject_handle> many;
    constexpr std::size_t at_a_time = 500;
    for (std::size_t first = 0; first < views.size(); first += at_a_time) {
      const auto some = people_->resolve("user", std::span(views).subspan(first, at_a_time));
      many.insert(many.end(), some.begin(), some.end());
    }
    db().checkpoint_truncate();
    const auto traces = db().read([&](store::sql::connection& in) { return people_->traces_of(in, many); });
    const std::string file = core::read_file(store::sql::locked_files(db()).at(0));
    std::unordered_map<std::string_view, int> times;
    for (const identifier_trace& one : traces.identifiers) {
      times[one.lookup] = 0;
    }
    constexpr std::size_t lookup_bytes = 24;
    for (std::size_t at = 0; at + lookup_bytes <= file.size(); ++at) {
      if (const auto found = times.find(std::string_view(file).substr(at, lookup_bytes)); found != times.end()) {
        ++found->second;
      }
    }
    std::vector<core::subject_handle> left;
    for (const identifier_trace& one : traces.identifiers) {
      if (times[one.lookup] > 2) {
        left.push_back(*people_->find("user", one.identifier));
      }
    }
    core::sort_and_unite(left);
    return left;
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{2};
  core::job job_;
  notebook notes_;
  custodians custodians_;
  std::shared_ptr<vault> keys_;
  std::unique_ptr<durable_directory> people_;
  std::unique_ptr<purposes> purposes_;
  std::unique_ptr<audit_log> audit_;
  std::unique_ptr<ledger_file> ledger_;
  std::unique_ptr<erasures> all_;
};
EUNOMIA_ON_BOTH_ENGINES(erasures_on_both);

TEST_P(erasures_on_both, somebody_is_nobody_at_once_and_gone_with_a_certificate_later) {
  const auto ann = handle("ann-of-the-mill");
  const rights_request asked = begin({ann});
  EXPECT_FALSE(people_->find("user", "ann-of-the-mill"));
  EXPECT_EQ(ledger_->read_all(), std::vector{ann});
  EXPECT_EQ(asked.people, 1U);
  EXPECT_EQ(asked.requested_by, "token tok-1");
  EXPECT_EQ(asked.deadline, one_month_after(asked.requested_at));
  EXPECT_EQ(notes_.rows.count(ann), 2U);
  EXPECT_TRUE(notes_.expected.contains(ann));
  EXPECT_EQ(notes_.held_back, 0);
  EXPECT_EQ(all_->wait_since(), asked.requested_at);
  EXPECT_THROW(all_->certificate_of(asked.id), core::error);

  const auto done = finish();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_NE(done[0].completed_at, 0);
  EXPECT_EQ(notes_.rows.count(ann), 0U);
  EXPECT_EQ(notes_.rows.size(), 4U);
  EXPECT_TRUE(notes_.expected.empty());
  EXPECT_FALSE(all_->wait_since());

  const certificate proof = verified(asked.id);
  EXPECT_EQ(proof.request.people, 1U);
  EXPECT_EQ(proof.request.right, certified_right::erasure);
  ASSERT_NE(step(proof, "notes"), nullptr);
  EXPECT_EQ(step(proof, "notes")->count, 2U);
  EXPECT_EQ(step(proof, "notes")->level, erasure_level::physically_erased);
  for (const char* recipient : {"a carrier", "a printer"}) {
    EXPECT_EQ(std::ranges::count(proof.remarks, fmt::format("To be told, as a recipient (Art. 19): {}.", recipient)),
              1);
  }
  EXPECT_EQ(step(proof, "identifiers")->count, 1U);
  EXPECT_EQ(step(proof, "identifiers")->level, GetParam() == store::sql::engine::sqlite
                                                   ? erasure_level::physically_erased
                                                   : erasure_level::logically_deleted);
  EXPECT_EQ(step(proof, "memory of it"), nullptr) << "what leaves memory is no place where something rested";
  EXPECT_GE(proof.verification.files_read, 1U);
  EXPECT_EQ(proof.verification.found, 0U);
  core::job job;
  const auto key = core::signing_key(keys_->keys().signing_seed()).public_half();
  const audit_anchor anchor = anchor_of(proof, *audit_);
  EXPECT_EQ(audit_->verify({&key, 1}, job, {&anchor, 1}).unsigned_entries, 0);
}

TEST_P(erasures_on_both, what_else_is_to_be_known_of_a_request_is_kept_with_it) {
  const auto ann = handle("ann-of-the-mill");
  EXPECT_THROW(all_->begin({&ann, 1}, actor::token("tok-1"), {pool_, job_},
                           [](store::sql::transaction&, const rights_request&) { throw std::runtime_error("no"); }),
               std::runtime_error);
  EXPECT_TRUE(people_->find("user", "ann-of-the-mill")) << "both or none";
  EXPECT_TRUE(all_->list(0, 10).empty());
  std::int64_t told = 0;
  const auto made = all_->begin({&ann, 1}, actor::token("tok-1"), {pool_, job_},
                                [&](store::sql::transaction&, const rights_request& one) { told = one.id; });
  EXPECT_EQ(told, made.id);
  EXPECT_FALSE(people_->find("user", "ann-of-the-mill"));
}

TEST_P(erasures_on_both, who_is_known_to_a_custodian_by_a_name_alone_can_be_named) {
  const auto ann = handle("ann-of-the-mill");
  const auto named = [&](std::vector<std::string> names) { return all_->people_named("user", names); };
  EXPECT_EQ(named({"nobody", "ann-of-the-mill", "ann-of-the-mill"}), std::vector{ann});
  EXPECT_EQ(store::sql::code_thrown_by([&] { named({"nobody", "visitor-8"}); }), errc::not_found);
  const auto found = named({"visitor-7"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(people_->find("user", "visitor-7"), found[0]);
  const auto asked = begin(found);
  EXPECT_EQ(store::sql::code_thrown_by([&] { named({"visitor-7"}); }), errc::not_found) << "it is being erased";
  finish();
  EXPECT_EQ(verified(asked.id).request.people, 1U);
  const std::vector<std::string> again = {"visitor-7"};
  EXPECT_EQ(store::sql::code_thrown_by([&] { all_->people_named("customer", again); }), errc::not_found);
}

// Keeps what it is told, with what is said of a request at that moment.
class watching_job final : public core::job {
 public:
  struct moment {
    std::string stage;
    erasure_progress shown;
  };
  explicit watching_job(std::function<erasure_progress()> look) : look_(std::move(look)) {}
  void report(std::string_view stage, std::uint64_t, std::uint64_t) override {
    const std::lock_guard lock(mutex_);
    seen_.push_back({std::string(stage), look_()});
  }
  const std::vector<moment>& seen() const { return seen_; }

 private:
  std::function<erasure_progress()> look_;
  std::mutex mutex_;
  std::vector<moment> seen_;
};

TEST_P(erasures_on_both, what_is_being_done_is_said_while_it_is_done) {
  const auto asked = begin({handle("ann-of-the-mill")});
  ASSERT_TRUE(all_->progress_of(asked));
  EXPECT_EQ(all_->progress_of(asked)->phase, erasure_phase::waiting);
  watching_job watching([&] { return *all_->progress_of(asked); });
  notes_.broken = true;
  EXPECT_THROW(all_->finish({pool_, watching}), core::error);
  EXPECT_EQ(watching.seen().back().stage, "erasing");
  EXPECT_EQ(all_->progress_of(asked)->phase, erasure_phase::waiting) << "for the next attempt";

  notes_.broken = false;
  restart();
  const rights_request other = begin({handle("bob-of-the-mill")});
  watching_job again([&] { return *all_->progress_of(other); });
  all_->finish({pool_, again});
  std::vector<std::string> stages;
  std::uint64_t bytes = 0;
  std::uint64_t of_bytes = 0;
  for (const watching_job::moment& one : again.seen()) {
    EXPECT_EQ(name_of(one.shown.phase), one.stage);
    if (stages.empty() || stages.back() != one.stage) {
      stages.push_back(one.stage);
    }
    if (one.shown.phase == erasure_phase::verifying) {
      bytes = std::max(bytes, one.shown.done);
      of_bytes = one.shown.total;
    }
  }
  EXPECT_EQ(stages, (std::vector<std::string>{"looking", "erasing", "verifying", "certifying"}));
  EXPECT_EQ(bytes, of_bytes);
  EXPECT_EQ(bytes, verified(other.id).verification.bytes_read);
  EXPECT_FALSE(all_->progress_of(all_->find(other.id))) << "it is completed";
}

TEST_P(erasures_on_both, nothing_in_the_database_leads_to_them_afterwards) {
  const auto ann = handle("ann-of-the-mill");
  const auto name = db().read([&](store::sql::connection& in) {
    return pseudonym_of(keys_->keys_of(in, {&ann, 1}).at(ann));
  });
  purposes_->choose(ann, core::purpose("recommendation"), choice::object);
  begin({ann});
  EXPECT_EQ(audit_->entries({.about = name}).size(), 1U) << "the request is found by the pseudonym";
  finish();
  db().read([&](store::sql::connection& in) {
    EXPECT_EQ(in.query_one("SELECT count(*) FROM subject_key WHERE subject > 0")[0].int64(0), 2)
        << "neither their key nor that of the case";
    const auto row = in.query_one("SELECT handles, case_key, traces FROM subject_request");
    EXPECT_EQ(row[0].text(0), "[]");
    EXPECT_EQ(row[0].int64(1), 0);
    EXPECT_EQ(row[0].text(2), "");
  });
  EXPECT_TRUE(purposes_->choices_of(ann).empty());
}

TEST_P(erasures_on_both, a_custodian_that_fails_keeps_the_request_waiting_and_is_asked_again) {
  const auto ann = handle("ann-of-the-mill");
  const auto asked = begin({ann});
  notes_.broken = true;
  EXPECT_EQ(obstacle(errc::resource_exhausted), "the notebook is full");
  auto now = all_->find(asked.id);
  EXPECT_EQ(now.obstacle, "the notebook is full");
  EXPECT_EQ(now.attempts, 1U);
  EXPECT_EQ(now.completed_at, 0);
  EXPECT_FALSE(now.certified);
  EXPECT_TRUE(notes_.expected.contains(ann));
  restart();
  EXPECT_TRUE(notes_.expected.contains(ann)) << "the custodians are told again";
  notes_.broken = false;
  finish();
  now = all_->find(asked.id);
  EXPECT_EQ(now.obstacle, "");
  EXPECT_NE(now.completed_at, 0);
  EXPECT_EQ(verified(asked.id).remarks.back(), "It was attempted 2 times.");
}

TEST_P(erasures_on_both, what_was_found_is_told_though_an_attempt_before_had_erased_it) {
  const auto ann = handle("ann-of-the-mill");
  const auto asked = begin({ann});
  core::write_file(data() / "stray", "ann-of-the-mill was here");
  obstacle(errc::failed_precondition);
  EXPECT_EQ(notes_.rows.count(ann), 0U);
  std::filesystem::remove(data() / "stray");
  restart();
  finish();
  EXPECT_EQ(step(verified(asked.id), "notes")->count, 2U);
}

TEST_P(erasures_on_both, what_cannot_be_looked_into_is_erased_all_the_same_and_told_when_it_is_over) {
  const auto ann = handle("ann-of-the-mill");
  const auto asked = begin({ann});
  notes_.unreadable = true;
  notes_.broken_after = true;
  EXPECT_EQ(obstacle(errc::unavailable), "the binding came off");
  EXPECT_EQ(notes_.rows.count(ann), 0U);
  notes_.broken_after = false;
  EXPECT_EQ(obstacle(errc::corrupt), "a page is missing") << "nothing is claimed of what nobody looked into";
  restart();
  notes_.unreadable = false;
  finish();
  EXPECT_EQ(step(verified(asked.id), "notes")->count, 2U);
}

TEST_P(erasures_on_both, a_custodian_that_claims_what_it_did_not_do_is_found_out) {
  begin({handle("ann-of-the-mill")});
  notes_.lies = true;
  EXPECT_EQ(obstacle(errc::failed_precondition), "custodian \"notebook\" still holds 2 of its notes");
}

TEST_P(erasures_on_both, a_file_that_holds_the_identifier_is_named_and_the_request_waits) {
  const auto asked = begin({handle("ann-of-the-mill")});
  core::write_file(data() / "stray", "it was ann-of-the-mill");
  const std::string why = obstacle(errc::failed_precondition);
  EXPECT_NE(why.find("stray holds, at byte 7, an identifier"), std::string::npos) << why;
  EXPECT_EQ(why.find("ann"), std::string::npos) << "not who";
  EXPECT_FALSE(all_->find(asked.id).certified);
}

TEST_P(erasures_on_both, what_has_the_name_of_somebody_stays_and_is_remarked_upon) {
  const auto asked = begin({handle("ann-of-the-mill")});
  const auto other = begin({handle("bob-of-the-mill")});
  core::write_file(data() / "title", "ann-of-the-mill");
  notes_.title = "ann-of-the-mill";
  ASSERT_EQ(finish().size(), 2U);
  EXPECT_NE(verified(asked.id).remarks.front().find("1 of their identifiers"), std::string::npos);
  begin({handle("eve-of-the-mill")});
  core::write_file(data() / "stray", "eve-of-the-mill");
  EXPECT_NE(obstacle(errc::failed_precondition).find("stray holds"), std::string::npos);
  EXPECT_TRUE(all_->find(other.id).certified);
}

TEST_P(erasures_on_both, a_find_that_is_not_theirs_is_dismissed_on_record_and_the_erasure_ends) {
  const auto asked = begin({handle("ann-of-the-mill")});
  core::write_file(data() / "titles", "the life of joann-of-the-mill and joann-of-the-mill's return");
  const std::string why = obstacle(errc::failed_precondition);
  EXPECT_NE(why.find(fmt::format("eunomia subjects dismiss-find --request {} --file titles --reason", asked.id)),
            std::string::npos)
      << why;
  EXPECT_FALSE(all_->worth_another_attempt());

  const auto now = dismiss(asked, "titles");
  EXPECT_TRUE(all_->worth_another_attempt());
  ASSERT_EQ(now.dismissed.size(), 1U);
  EXPECT_EQ(now.dismissed[0].dismissed_by, "token tok-2");
  const auto entries = audit_->entries({.action = "erasure.find_dismissed"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].details, fmt::format(R"({{"request":{},"file":"titles"}})", asked.id));

  restart();
  ASSERT_EQ(finish().size(), 1U);
  const certificate proof = verified(asked.id);
  EXPECT_EQ(proof.verification.found, 2U) << "what was excused was found all the same";
  EXPECT_EQ(std::ranges::count(proof.remarks,
                               fmt::format("Judged by token tok-2 on {} not to be theirs: what was found in titles (2 "
                                           "places). Reason: a part of the title of a book",
                                           now.dismissed[0].dismissed_at)),
            1)
      << proof.remarks.front();
  EXPECT_EQ(all_->find(asked.id).dismissed.size(), 1U);
}

TEST_P(erasures_on_both, a_find_of_another_file_or_of_another_request_is_no_less_in_the_way) {
  const auto first = begin({handle("ann-of-the-mill")});
  const auto second = begin({handle("bob-of-the-mill")});
  std::filesystem::create_directories(data() / "books");
  std::string titles = "bob-of-the-mill";
  for (std::size_t i = 0; i <= max_found_places; ++i) {
    titles = "ann-of-the-mill, " + titles;
  }
  core::write_file(data() / "books" / "titles", titles);
  core::write_file(data() / "books-too", "ann-of-the-mill");
  dismiss(first, "books/");
  EXPECT_TRUE(obstacle(errc::failed_precondition).starts_with("books-too holds"));
  dismiss(first, "books-too");
  const std::string why = obstacle(errc::failed_precondition);
  EXPECT_NE(why.find(fmt::format("--request {} --file books/titles", second.id)), std::string::npos) << why;
  dismiss(second, "books/titles");
  EXPECT_EQ(finish().size(), 2U);
}

TEST_P(erasures_on_both, what_two_requests_look_for_is_excused_when_both_say_so) {
  const auto first = begin({handle("ann-of-the-mill")});
  const auto second = begin({people_->resolve("email", "ann-of-the-mill")});
  core::write_file(data() / "titles", "ann-of-the-mill");
  dismiss(first, "titles");
  EXPECT_NE(obstacle(errc::failed_precondition).find(fmt::format("--request {} ", second.id)), std::string::npos);
  dismiss(second, "titles");
  EXPECT_EQ(finish().size(), 2U);
}

TEST_P(erasures_on_both, what_they_rested_as_is_dismissed_by_nobody) {
  const auto ann = handle("ann-of-the-mill");
  const identity_traces traces = db().read([&](store::sql::connection& in) {
    return people_->traces_of(in, {&ann, 1});
  });
  const auto asked = begin({ann});
  dismiss(asked, "copy");
  for (const std::string& bytes :
       {traces.identifiers.at(0).sealed, traces.identifiers.at(0).lookup, traces.keys.at(0)}) {
    core::write_file(data() / "copy", "ann-of-the-mill " + bytes);
    const std::string why = obstacle(errc::failed_precondition);
    EXPECT_EQ(why, "copy holds, at byte 16, what an identifier or a key of somebody who is erased rested as");
  }
  core::write_file(data() / "copy", "ann-of-the-mill");
  EXPECT_EQ(finish().size(), 1U);
}

TEST_P(erasures_on_both, a_dismissal_names_a_file_of_the_data_and_nobody_and_comes_before_the_certificate) {
  const auto asked = begin({handle("ann-of-the-mill")});
  for (const char* file : {"", "/", "/etc/passwd", "..", "../keys", "a/../b", "a//b", "./a", "a\nb", "a/."}) {
    EXPECT_EQ(refusal(asked, file), errc::invalid_argument) << file;
  }
  EXPECT_EQ(refusal(asked, std::string(max_dismissed_file_bytes + 1, 'f')), errc::invalid_argument);
  for (const std::string& reason : {std::string(), std::string("a\tb"), std::string("ann-of-the-mill in a title"),
                                    std::string(max_dismissal_reason_bytes + 1, 'r')}) {
    EXPECT_EQ(refusal(asked, "titles", reason), errc::invalid_argument) << reason;
  }
  EXPECT_EQ(refusal(asked, "joann-of-the-mill"), errc::invalid_argument);
  EXPECT_THROW(all_->dismiss_find(7, "titles", "a title", actor::system()), core::error);
  EXPECT_TRUE(all_->find(asked.id).dismissed.empty());
  finish();
  EXPECT_EQ(refusal(asked, "titles"), errc::failed_precondition);
}

TEST_P(erasures_on_both, as_much_as_may_be_dismissed_fits_a_certificate) {
  const auto asked = begin({handle("ann-of-the-mill")});
  const auto by = actor::token(std::string(actor::max_label_bytes, 't'));
  const auto file = [](std::size_t i) {
    return fmt::format("{}{:03}", std::string(max_dismissed_file_bytes - 3, 'f'), i);
  };
  for (std::size_t i = 0; i < max_dismissed_finds; ++i) {
    all_->dismiss_find(asked.id, file(i), std::string(max_dismissal_reason_bytes, 'r'), by);
  }
  EXPECT_EQ(refusal(asked, "one-more"), errc::resource_exhausted);
  EXPECT_EQ(dismiss(asked, file(0), "said again").dismissed.back().reason, "said again");
  finish();
  EXPECT_GE(verified(asked.id).remarks.size(), max_dismissed_finds);
}

TEST_P(erasures_on_both, a_file_on_its_way_in_is_remarked_upon) {
  const auto asked = begin({handle("ann-of-the-mill")});
  const std::filesystem::path file = data() / "uploads" / "1.csv";
  core::write_file(file, "ann-of-the-mill,tea");
  // The clock of files is milliseconds behind.
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(1));
  finish();
  const certificate proof = verified(asked.id);
  EXPECT_EQ(proof.verification.found, 1U);
  EXPECT_NE(proof.remarks.front().find("(uploads)"), std::string::npos);
}

TEST_P(erasures_on_both, a_file_that_came_before_is_waited_for) {
  const std::filesystem::path file = data() / "uploads" / "1.csv";
  core::write_file(file, "ann-of-the-mill,tea");
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  const auto asked = begin({handle("ann-of-the-mill")});
  EXPECT_NE(obstacle(errc::failed_precondition).find("uploads/1.csv came before the erasure was asked for"),
            std::string::npos);
  EXPECT_FALSE(all_->worth_another_attempt());
  const auto import_of_before = people_->enrol("user");
  import_of_before->came_at(core::now_ms() - core::milliseconds_per_day);
  core::subject_handle met(1);
  const std::string_view ann = "ann-of-the-mill";
  import_of_before->resolve({&ann, 1}, {&met, 1});
  EXPECT_EQ(met, core::subject_handle());

  // A job's own folder may be young, and what it fetched old.
  const std::filesystem::path fetched = data() / "uploads" / "job-1" / "0";
  std::filesystem::create_directories(fetched.parent_path());
  std::filesystem::rename(file, fetched);
  EXPECT_FALSE(all_->worth_another_attempt());
  EXPECT_NE(obstacle(errc::failed_precondition).find("uploads/job-1/0 came before"), std::string::npos);

  std::filesystem::remove(fetched);
  EXPECT_TRUE(all_->worth_another_attempt());
  ASSERT_EQ(finish().size(), 1U);
  EXPECT_FALSE(all_->worth_another_attempt());
  EXPECT_EQ(verified(asked.id).verification.found, 0U);
  EXPECT_EQ(db().read([](store::sql::connection& in) {
    return in.query_one("SELECT count(*) FROM subject_withheld")[0].int64(0);
  }),
            0);
}

TEST_P(erasures_on_both, who_comes_back_before_it_is_over_is_somebody_new_and_stays) {
  const auto ann = handle("ann-of-the-mill");
  begin({ann});
  const auto again = people_->resolve("user", "ann-of-the-mill");
  EXPECT_NE(again, ann);
  ASSERT_EQ(finish().size(), 1U);
  EXPECT_EQ(handle("ann-of-the-mill"), again);
}

TEST_P(erasures_on_both, several_requests_are_completed_together_and_certified_each) {
  const auto first = begin({handle("ann-of-the-mill")});
  const auto second = begin({handle("bob-of-the-mill"), handle("eve-of-the-mill")});
  ASSERT_EQ(finish().size(), 2U);
  EXPECT_EQ(step(verified(first.id), "identifiers")->count, 1U);
  EXPECT_EQ(step(verified(second.id), "identifiers")->count, 2U);
  EXPECT_EQ(verified(second.id).request.people, 2U);
  EXPECT_EQ(all_->list(0, 10).size(), 2U);
  EXPECT_EQ(all_->list(second.id, 10).front().id, first.id);
  EXPECT_TRUE(notes_.rows.empty());
}

TEST_P(erasures_on_both, a_kill_after_the_certificate_was_written_only_has_to_be_completed) {
  const auto asked = begin({handle("ann-of-the-mill")});
  finish();
  db().write([&](store::sql::transaction& in) { in.execute("UPDATE subject_request SET completed_at = 0"); });
  const std::string before = db().read([&](store::sql::connection& in) {
    return std::string(in.query_one("SELECT certificate FROM subject_request")[0].text(0));
  });
  restart();
  notes_.calls.clear();
  ASSERT_EQ(finish().size(), 1U);
  EXPECT_TRUE(notes_.calls.empty());
  EXPECT_EQ(all_->certificate_of(asked.id), before);
}

TEST_P(erasures_on_both, is_in_the_ledger_before_it_is_kept_or_is_not_begun) {
  const auto ann = handle("ann-of-the-mill");
  db().write([](store::sql::transaction& in) { in.execute("DROP TABLE audit_head"); });
  EXPECT_ANY_THROW(begin({ann}));
  EXPECT_EQ(handle("ann-of-the-mill"), ann) << "nothing was kept of the request";
  EXPECT_EQ(ledger_->read_all(), std::vector{ann}) << "who asked is erased with the next restore";
}

TEST_P(erasures_on_both, of_nobody_is_refused) {
  EXPECT_THROW(begin({}), core::error);
  EXPECT_THROW(begin({core::subject_handle()}), core::error);
  EXPECT_THROW(all_->find(7), core::error);
}

// SQLite's locks are the process's: closing any descriptor of its files releases them. Somebody who then looks at the
// database with another program finds it unused and clears the index of its log, and we end with SIGBUS.
TEST_P(erasures_on_both, another_program_that_reads_the_database_after_an_erasure_does_no_harm) {
  if (GetParam() != store::sql::engine::sqlite) {
    GTEST_SKIP() << "PostgreSQL is a process of its own";
  }
  const auto path = data() / "eunomia.db";
  const auto own = store::sql::database::open(path.string());
  own->write([](store::sql::transaction& in) { in.execute("CREATE TABLE t (x BIGINT)"); });
  const auto locked = store::sql::locked_files(*own);
  ASSERT_EQ(locked.size(), 2U);
  const auto is_locked = [](const std::filesystem::path& file) {
    // Asked from another process: a process never stands in its own way.
    const pid_t child = ::fork();
    if (child == 0) {
      struct flock wanted {};
      wanted.l_type = F_WRLCK;
      wanted.l_whence = SEEK_SET;
      const int descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
      const bool known = descriptor >= 0 && ::fcntl(descriptor, F_GETLK, &wanted) == 0;
      ::_exit(!known ? 2 : wanted.l_type == F_UNLCK ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  };
  for (const auto& file : locked) {
    EXPECT_EQ(is_locked(file), 1) << file;
  }
  for (int round = 0; round < 2; ++round) {
    const auto report = scan_bytes(data(), needles({"ann-of-the-mill"}), {.locked = locked}, pool_, job_);
    EXPECT_GE(report.files, 3U);
    for (const auto& file : locked) {
      EXPECT_EQ(is_locked(file), 1) << file << " after a scan";
    }
  }
  // What would have been: this is how the locks are lost.
  scan_bytes(data(), needles({"ann-of-the-mill"}), {}, pool_, job_);
  EXPECT_EQ(is_locked(locked[1]), 0);
}

// An index that grew in an order of its own has pages that were split: copies of what moved stay behind in some.
TEST_P(erasures_on_both, what_a_split_page_keeps_of_somebody_leaves_it_too) {
  if (db().speaks() != store::sql::engine::sqlite) {
    GTEST_SKIP() << "PostgreSQL's files are not searched";
  }
  std::vector<core::subject_handle> gone;
  // Digests are random, and so is whether one stays behind: three times in four among so many.
  for (int round = 0; gone.empty() && round < 20; ++round) {
    std::vector<std::string> names;
    for (int i = 0; i < 20'000; ++i) {
      names.push_back(fmt::format("somebody-of-many-{}-{}", round, i));
    }
    gone = left_behind_of(names);
  }
  ASSERT_FALSE(gone.empty()) << "nobody was left behind in a page: this shows nothing";
  all_->begin(gone, actor::system(), {pool_, job_});
  const auto version = [&] {
    return db().read([](store::sql::connection& in) { return in.query_one("PRAGMA schema_version")[0].int64(0); });
  };
  const std::int64_t before = version();
  ASSERT_EQ(finish().size(), 1U);
  EXPECT_EQ(version(), before) << "the whole database was written anew, where its indices were enough";
}

TEST_P(erasures_on_both, what_no_row_holds_of_somebody_leaves_with_the_database_written_anew) {
  if (db().speaks() != store::sql::engine::sqlite) {
    GTEST_SKIP() << "PostgreSQL's files are not searched";
  }
  const auto ann = handle("ann-of-the-mill");
  const std::string lookup = db().read([&](store::sql::connection& in) {
    return people_->traces_of(in, {&ann, 1}).identifiers.at(0).lookup;
  });
  db().write([&](store::sql::transaction& in) {
    in.execute("PRAGMA secure_delete=OFF");
    in.execute("CREATE TABLE copies (of_somebody {text})");
    for (int i = 0; i < 500; ++i) {  // more pages than the erasure itself takes
      in.execute("INSERT INTO copies VALUES (:copy)", {{"copy", std::string(3000, ' ') + lookup}});
    }
    in.execute("DROP TABLE copies");
    in.execute("PRAGMA secure_delete=ON");
  });
  begin({ann});
  db().checkpoint_truncate();
  const auto file = store::sql::locked_files(db()).at(0);
  ASSERT_NE(core::read_file(file).find(lookup), std::string::npos);
  ASSERT_EQ(finish().size(), 1U);
  EXPECT_EQ(core::read_file(file).find(lookup), std::string::npos);
}

}  // namespace
}  // namespace eunomia::subject
