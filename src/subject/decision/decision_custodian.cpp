#include "subject/decision/decision_custodian.h"

#include <fmt/format.h>

#include "core/json.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "subject/custody/collector.h"
#include "subject/custody/rows_of_sql.h"
#include "subject/retention/rules.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

constexpr std::string_view rows_of_both = "automated decisions and their reviews";
constexpr std::size_t decisions_at_a_time = 100;

class decision_custodian final : public custodian {
 public:
  decision_custodian(sql::database& in, automated_decisions& kept) : sql_(in), kept_(kept) {}

  std::string_view name() const override { return "decisions"; }

  std::vector<holding> describe() const override {
    constexpr const char* kept = "as long as the purpose that the decision was made for keeps data";
    constexpr const char* erasure =
        "rows are deleted, and SQLite's log is emptied; copies open no more once the person's key is destroyed";
    return {{store_kind::sql_table,
             "automated_decision",
             data_about::data_subjects,
             "Decisions that a program made about somebody and was asked to keep, with what spoke for them, sealed "
             "with the key of the person; when and for which purpose, under handles.",
             {"decisions"},
             {},
             fmt::format("{}, and until a review that waits is answered", kept),
             erasure},
            {store_kind::sql_table,
             "automated_decision_review",
             data_about::data_subjects,
             "What people said of decisions that they wanted a human to review, and what the human answered, sealed "
             "with the key of the person.",
             {"decisions", "requests"},
             {},
             kept,
             erasure}};
  }

  void collect(core::subject_handle who, const custody_context& with, collector& into) const override {
    collect_decisions(who, with.job, into);
    collect_reviews(who, into);
  }

  // Nothing is kept of who has no key, which goes with the request.
  std::unique_ptr<erasure_guard> hold_back(std::span<const core::subject_handle>) override { return nullptr; }
  std::vector<certificate_step> leave_memory(std::span<const core::subject_handle>, const custody_context&) override {
    return {};
  }

  std::vector<amount_held> find(std::span<const core::subject_handle> people, const custody_context&) const override {
    const std::uint64_t rows = sql_.read([&](sql::connection& in) { return kept_.count(in, people); });
    if (rows == 0) {
      return {};
    }
    return {{std::string(rows_of_both), std::string(store_of_rows(sql_.speaks())), rows}};
  }

  void erase(std::span<const core::subject_handle> people, const custody_context&,
             std::vector<certificate_step>& done) override {
    const std::uint64_t rows = sql_.write([&](sql::transaction& in) { return kept_.erase(in, people); });
    tell(rows, "rows deleted", done);
  }
  void erased(std::span<const core::subject_handle>) noexcept override {}

  void expire(const retention_rules& rules, const custody_context&, std::vector<certificate_step>& done) override {
    for (const std::string& purpose : sql_.read([&](sql::connection& in) { return kept_.purposes(in); })) {
      const core::purpose served(purpose);
      const auto before = rules.oldest_kept({&served, 1});
      if (!before) {
        continue;
      }
      const std::uint64_t rows =
          sql_.write([&](sql::transaction& in) { return kept_.expire(in, purpose, *before, rules.restricted()); });
      if (rows > 0) {
        tell(rows, fmt::format("for \"{}\", made before {}; rows deleted", purpose, core::format_iso8601(*before)),
             done);
      }
    }
  }

  void leave_out_held(std::vector<core::subject_handle>& people, const custody_context&) const override {
    core::leave_out(people, sql_.read([&](sql::connection& in) { return kept_.people(in); }));
  }

 private:
  void tell(std::uint64_t rows, std::string details, std::vector<certificate_step>& done) const {
    done.push_back({"",
                    std::string(rows_of_both),
                    std::string(store_of_rows(sql_.speaks())),
                    level_of_deleted_rows(sql_.speaks()),
                    rows,
                    std::move(details),
                    {},
                    {},
                    0});
  }

  void collect_decisions(core::subject_handle who, core::job& job, collector& into) const {
    if (!into.begin({"decisions",
                     "What a program decided about you",
                     "Decisions that were made about you by a program alone and kept so that you can have a human "
                     "review them, newest first, with what spoke for each.",
                     data_origin::inferred,
                     {{store_kind::sql_table, "automated_decision"}},
                     {{"decision", value_type::integer, "Its number, by which you can ask for a review"},
                      {"made_at", value_type::moment, ""},
                      {"made_by", value_type::text, "Which program or model, in which version"},
                      {"asked_by", value_type::text, "Who had it decided: an application by the label of its token"},
                      {"purpose", value_type::text, "What your data were used for"},
                      {"outcome", value_type::text, "What was decided, as JSON"},
                      {"explanation", value_type::text,
                       "What spoke for it, as JSON: of each item its score, and the share of it that each thing "
                       "you did before has"}}})) {
      return;
    }
    std::int64_t before = 0;
    while (true) {
      job.check();
      const auto page = kept_.list(who, before, decisions_at_a_time);
      for (const automated_decision& one : page) {
        const std::string outcome = core::write_json(one.content.outcome);
        const std::string explanation = core::write_json(one.content.explanation);
        into.add({one.id, one.made_at, one.content.made_by, one.content.asked_by, one.purpose, outcome, explanation});
      }
      if (page.size() < decisions_at_a_time) {
        return;
      }
      before = page.back().id;
    }
  }

  void collect_reviews(core::subject_handle who, collector& into) const {
    if (!into.begin({"reviews",
                     "What you had reviewed by a human",
                     "Decisions of a program that you wanted a human to look at, what you said of them, and what you "
                     "were answered.",
                     data_origin::recorded,
                     {{store_kind::sql_table, "automated_decision_review"}},
                     {{"decision", value_type::integer, ""},
                      {"request", value_type::integer, "The number of your request"},
                      {"requested_at", value_type::moment, ""},
                      {"deadline", value_type::moment, "Until when you are to be answered"},
                      {"statement", value_type::text, "What you said"},
                      {"answered_at", value_type::moment, "Nothing: not yet"},
                      {"verdict", value_type::text, "upheld, changed or annulled"},
                      {"reviewer", value_type::text, "Who reviewed it"},
                      {"reasons", value_type::text, "What they answered"}}})) {
      return;
    }
    for (const decision_review& one : kept_.reviews_of(who)) {
      if (one.answer) {
        const std::string verdict(name_of(one.answer->verdict));
        into.add({one.decision, one.request, one.requested_at, one.deadline, one.statement, one.answered_at, verdict,
                  one.answer->reviewer, one.answer->reasons});
      } else {
        into.add({one.decision, one.request, one.requested_at, one.deadline, one.statement, std::monostate(),
                  std::monostate(), std::monostate(), std::monostate()});
      }
    }
  }

  sql::database& sql_;
  automated_decisions& kept_;
};

}  // namespace

std::unique_ptr<custodian> make_decision_custodian(store::sql::database& in, automated_decisions& kept) {
  return std::make_unique<decision_custodian>(in, kept);
}

}  // namespace eunomia::subject
