#include "wire/personalize/custodian.h"

#include <string>
#include <utility>
#include <vector>

#include "subject/custody/rows_of_sql.h"
#include "wire/personalize/anonymous_sessions.h"

namespace eunomia::wire::personalize {

namespace {

constexpr std::string_view recommendation = "recommendation";

subject::holding about_nobody(std::string place, std::string what) {
  return {subject::store_kind::sql_table,
          std::move(place),
          subject::data_about::nobody,
          std::move(what),
          {},
          {},
          "until somebody deletes what they describe",
          ""};
}

class personalize_custodian final : public subject::nothing_to_erase {
 public:
  personalize_custodian(store::sql::database& sql, const subject::vault& keys, std::string_view user_space)
      : sql_(sql), sessions_(sql, keys), user_space_(user_space) {}

  std::string_view name() const override { return "personalize"; }

  std::vector<subject::holding> describe() const override {
    return {about_nobody("aws_personalize_resource",
                         "What clients of AWS Personalize made: schemas, dataset groups, solutions, campaigns, "
                         "jobs, by their ARN, with names of files and status."),
            about_nobody("aws_personalize_tag", "Tags that clients gave these."),
            about_nobody("aws_personalize_metric",
                         "How many events of a type came in a quarter of an hour, and sums over them, by what led to "
                         "them."),
            {subject::store_kind::sql_table,
             "aws_personalize_session_event",
             subject::data_about::data_subjects,
             "What visitors did before they signed in, sealed, under a keyed hash of their session.",
             {"interactions"},
             {std::string(recommendation)},
             "until an event of the session names a user, and no longer than a day after its last",
             "sessions whose id is a name of theirs are taken out, also of who is known by it alone; from others "
             "nothing leads to somebody, and what "
             "they did becomes theirs when they sign in, and is erased with the rest",
             "Nobody knows whose they are until somebody signs in; then they are among your interactions."}};
  }

  void collect(core::subject_handle, const subject::custody_context&, subject::collector&) const override {}

  std::vector<std::string_view> known_by_name_alone(std::string_view space,
                                                    std::span<const std::string_view> identifiers) const override {
    return space == user_space_ ? sessions_.waiting_among(identifiers) : std::vector<std::string_view>();
  }

  void erase_named(std::span<const subject::person_name> names, const subject::custody_context&,
                   std::vector<subject::certificate_step>& done) override {
    std::vector<std::string> sessions;
    for (const subject::person_name& one : names) {
      sessions.push_back(one.identifier);
    }
    const std::uint64_t gone = sessions_.forget_sessions(sessions);
    if (gone > 0) {
      const auto speaks = sql_.speaks();
      subject::certificate_step step;
      step.what = "events of visitors who had not signed in";
      step.store = subject::store_of_rows(speaks);
      step.level = subject::level_of_deleted_rows(speaks);
      step.count = gone;
      step.details = "sessions of this name in which nobody had signed in";
      done.push_back(std::move(step));
    }
  }

 private:
  store::sql::database& sql_;
  anonymous_sessions sessions_;
  std::string user_space_;
};

}  // namespace

std::unique_ptr<subject::custodian> make_custodian(store::sql::database& sql, const subject::vault& keys,
                                                   std::string_view user_space) {
  return std::make_unique<personalize_custodian>(sql, keys, user_space);
}

}  // namespace eunomia::wire::personalize
