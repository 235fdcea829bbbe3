#pragma once

#include "wire/aws/json_service.h"
#include "wire/personalize/house.h"

// The operations of AWS Personalize, each file those of one kind of resource. Everything given must outlive the
// service.
namespace eunomia::wire::personalize {

// personalize
void add_schemas(aws::json_service& to, const house& in);
void add_dataset_groups(aws::json_service& to, const house& in);
void add_datasets(aws::json_service& to, const house& in);
void add_dataset_import_jobs(aws::json_service& to, const house& in);
void add_event_trackers(aws::json_service& to, const house& in);
void add_filters(aws::json_service& to, const house& in);
void add_recipes(aws::json_service& to, const house& in);
void add_solutions(aws::json_service& to, const house& in);
void add_solution_versions(aws::json_service& to, const house& in);
void add_campaigns(aws::json_service& to, const house& in);
void add_recommenders(aws::json_service& to, const house& in);
void add_dataset_export_jobs(aws::json_service& to, const house& in);
void add_batch_inference_jobs(aws::json_service& to, const house& in);
void add_batch_segment_jobs(aws::json_service& to, const house& in);
void add_data_deletion_jobs(aws::json_service& to, const house& in);
void add_metric_attributions(aws::json_service& to, const house& in);
// Of what was counted since the last call, a file for each day in the place that the attribution names.
void write_metric_reports(const house& in, std::int64_t now);
void add_tags(aws::json_service& to, const house& in);

// personalize-runtime
void add_runtime(aws::json_service& to, const house& in);

// personalize-events
void add_events(aws::json_service& to, const house& in);
// Of visitors who did not sign in.
void record_sessions_that_are_over(const house& in, std::int64_t now);
void add_records(aws::json_service& to, const house& in);

}  // namespace eunomia::wire::personalize
