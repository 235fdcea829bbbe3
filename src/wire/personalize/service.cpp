#include "wire/personalize/service.h"

#include "core/attempt.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/trends.h"

namespace eunomia::wire::personalize {

namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t report_every_ms = 10'000;

}  // namespace

service::service(const surroundings& in, const http::authenticator& who_calls, aws::replay_window& used)
    : made_(in.sql),
      known_(in.sql, made_),
      work_(known_, made_, in.jobs),
      leaving_(known_, made_, making_),
      sessions_(in.sql, in.keys),
      metrics_(in.sql, made_, in.datasets),
      house_{.made = made_,
             .known = known_,
             .work = work_,
             .leaving = leaving_,
             .making = making_,
             .sessions = sessions_,
             .metrics = metrics_,
             .arns = in.arns,
             .datasets = in.datasets,
             .recommenders = in.recommenders,
             .background = in.background,
             .answering = in.answering,
             .ab_tests = in.ab_tests,
             .people = in.people,
             .erasures = in.erasures,
             .files = in.files,
             .forget_pool = in.forget_pool,
             .work_pool = in.work_pool,
             .purpose = in.purpose,
             .user_space = in.user_space,
             .incoming = in.incoming},
      control_(aws::personalize(), who_calls, &used),
      runtime_(aws::personalize_runtime(), who_calls, &used),
      events_(aws::personalize_events(), who_calls, &used) {
  add_schemas(control_, house_);
  add_dataset_groups(control_, house_);
  add_datasets(control_, house_);
  add_dataset_import_jobs(control_, house_);
  add_event_trackers(control_, house_);
  add_filters(control_, house_);
  add_recipes(control_, house_);
  add_solutions(control_, house_);
  add_solution_versions(control_, house_);
  add_campaigns(control_, house_);
  add_recommenders(control_, house_);
  add_dataset_export_jobs(control_, house_);
  add_batch_inference_jobs(control_, house_);
  add_batch_segment_jobs(control_, house_);
  add_data_deletion_jobs(control_, house_);
  add_metric_attributions(control_, house_);
  add_tags(control_, house_);
  add_runtime(runtime_, house_);
  add_events(events_, house_);
  add_records(events_, house_);
}

void service::look(std::int64_t now) {
  if (now - looked_at_ >= minute_ms) {
    looked_at_ = now;
    core::attempt("deletions", [&] { leaving_.go_on(); });
    core::attempt("trainings of solutions", [&] { train_what_is_due(house_, now); });
    core::attempt("trends", [&] { renew_trends(house_, now); });
    core::attempt("sessions that are over", [&] { record_sessions_that_are_over(house_, now); });
    core::attempt("figures of attributions", [&] { metrics_.expire(now); });
  }
  if (now - reported_at_ >= report_every_ms) {
    reported_at_ = now;
    write_metric_reports(house_, now);
  }
}

}  // namespace eunomia::wire::personalize
