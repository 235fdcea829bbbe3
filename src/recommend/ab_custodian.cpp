#include "recommend/ab_custodian.h"

#include <fmt/format.h>

#include <set>

#include "core/subject_handles.h"
#include "core/time.h"
#include "subject/custody/collector.h"
#include "subject/custody/rows_of_sql.h"
#include "subject/retention/rules.h"

namespace eunomia::recommend {

namespace sql = store::sql;
using subject::certificate_step;
using subject::custody_context;
using subject::data_about;
using subject::store_kind;

namespace {

constexpr std::string_view what_rows_are = "participation in A/B tests";

class ab_custodian final : public subject::custodian {
 public:
  ab_custodian(sql::database& in, ab_tests& kept, const datasets& data) : sql_(in), kept_(kept), data_(data) {}

  std::string_view name() const override { return "ab_tests"; }

  std::vector<subject::holding> describe() const override {
    std::set<std::string> purposes;
    std::set<std::string> used;
    for (const auto& test : kept_.list()) {
      used.insert(test->dataset);
    }
    for (const dataset_description& one : data_.list()) {
      for (const core::purpose& purpose : one.purposes) {
        if (used.contains(one.name)) {
          purposes.insert(purpose.name());
        }
      }
    }
    return {{store_kind::sql_table,
             "ab_test",
             data_about::nobody,
             "A/B tests: what they compare, and by what.",
             {},
             {},
             "until they are removed",
             ""},
            {store_kind::sql_table,
             "ab_exposure",
             data_about::data_subjects,
             "Which arm of an A/B test somebody was shown, and since when, under handles.",
             {"interactions"},
             {purposes.begin(), purposes.end()},
             "until the test is removed, and as long as the dataset that it is about keeps what people did",
             "rows are deleted, and SQLite's log is emptied"}};
  }

  void collect(core::subject_handle who, const custody_context&, subject::collector& into) const override {
    if (!into.begin({"ab-tests",
                     "Comparisons that you took part in",
                     "Tests that compared ways of recommending: which of them you were shown, and since when.",
                     subject::data_origin::recorded,
                     {{store_kind::sql_table, "ab_exposure"}},
                     {{"test", subject::value_type::text, ""},
                      {"arm", subject::value_type::text, "The way that you were shown"},
                      {"since", subject::value_type::moment, ""}}})) {
      return;
    }
    for (const auto& one : kept_.exposures_of(who)) {
      into.add({one.test, one.arm, one.at});
    }
  }

  // Nothing is kept of who has no key, which goes with the request.
  std::unique_ptr<subject::erasure_guard> hold_back(std::span<const core::subject_handle>) override { return nullptr; }
  std::vector<certificate_step> leave_memory(std::span<const core::subject_handle>, const custody_context&) override {
    return {};
  }

  std::vector<subject::amount_held> find(std::span<const core::subject_handle> people,
                                         const custody_context&) const override {
    const std::uint64_t rows = kept_.count(people);
    if (rows == 0) {
      return {};
    }
    return {{std::string(what_rows_are), std::string(subject::store_of_rows(sql_.speaks())), rows}};
  }

  void erase(std::span<const core::subject_handle> people, const custody_context&,
             std::vector<certificate_step>& done) override {
    tell(kept_.erase(people), "rows deleted", done);
  }
  void erased(std::span<const core::subject_handle>) noexcept override {}

  void expire(const subject::retention_rules& rules, const custody_context&,
              std::vector<certificate_step>& done) override {
    for (const dataset_description& one : data_.list()) {
      const auto before = rules.oldest_kept(one.purposes);
      const std::uint64_t rows = before ? kept_.expire(one.name, *before, rules.restricted()) : 0;
      if (rows > 0) {
        tell(rows,
             fmt::format("dataset \"{}\", since before {}; rows deleted", one.name, core::format_iso8601(*before)),
             done);
      }
    }
  }

  void leave_out_held(std::vector<core::subject_handle>& people, const custody_context&) const override {
    core::leave_out(people, kept_.people());
  }

 private:
  void tell(std::uint64_t rows, std::string details, std::vector<certificate_step>& done) const {
    done.push_back({"",
                    std::string(what_rows_are),
                    std::string(subject::store_of_rows(sql_.speaks())),
                    subject::level_of_deleted_rows(sql_.speaks()),
                    rows,
                    std::move(details),
                    {},
                    {},
                    0});
  }

  sql::database& sql_;
  ab_tests& kept_;
  const datasets& data_;
};

}  // namespace

std::unique_ptr<subject::custodian> make_ab_custodian(store::sql::database& in, ab_tests& kept, const datasets& data) {
  return std::make_unique<ab_custodian>(in, kept, data);
}

}  // namespace eunomia::recommend
