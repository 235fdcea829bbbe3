#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/aws/json_service.h"
#include "wire/personalize/house.h"

// Describe… and List…, alike for every kind of resource: what they show is what the service model's shapes have of what
// is known of a resource.
namespace eunomia::wire::personalize {

// "datasetImportJob", "DatasetImportJob"
std::string camel_name(resource_kind kind);
std::string pascal_name(resource_kind kind);

// Everything that is known of a resource for clients: what it shows, its ARN, status, failure and times.
core::json_value known_of(const resource& one);

// Adds to what is known of one what is looked up when it is described.
using adornment = std::function<core::json_value(const resource& one, core::json_value known)>;
// Describe<Kind>: {<kind>Arn} -> {<kind>: {...}}.
void add_description(aws::json_service& to, const house& in, resource_kind kind, const adornment& also = {});
// List<Kind>s: {<parent>Arn?, nextToken?, maxResults?} -> {<kind>s: [...], nextToken?}. A parent, where it is given,
// must be there.
void add_list(aws::json_service& to, const house& in, resource_kind kind);
// Both.
void add_views(aws::json_service& to, const house& in, resource_kind kind, const adornment& also = {});

// {member: [...], nextToken?}: of what is known of all, in their order, the page that an input asks for by maxResults
// and nextToken. Throws InvalidNextTokenException.
core::json_value page_of(const core::json_value& input, std::string_view member,
                         const std::vector<core::json_value>& all);

// {"<kind>Arn": arn}
core::json_value arn_answer(resource_kind kind, const std::string& arn);
// {}
core::json_value nothing_to_say();

// The member tags of an input. Throws TooManyTagsException.
std::vector<tag> tags_in(const core::json_value& input);

// A resource as an input asks for it: under its name or jobName, showing what else it says.
resource resource_asked_for(const house& in, resource_kind kind, const core::json_value& input,
                            std::string parent = {});
// Throws errc::already_exists where there is such a resource: before anything is made for it elsewhere.
void refuse_taken(const house& in, const resource& wanted);

// Keeps a resource that is ready at once, or begins the work that makes it, with the input's tags, and answers with its
// ARN. also: what it stands for, in the same transaction. Throw as resources::add and works::begin.
using also_made = std::function<void(store::sql::transaction& in)>;
core::json_value make(const house& in, const resource& made, const core::json_value& input, const also_made& also = {});
core::json_value begin(const house& in, const resource& made, const core::json_value& input,
                       const also_made& also = {});
// What an input asked for, without its tags.
core::json_value asked_for(const core::json_value& input);

}  // namespace eunomia::wire::personalize
