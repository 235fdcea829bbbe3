#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "object/object_store.h"
#include "subject/custody/custodian.h"

namespace eunomia::object {

// What somebody is called, for as long as the directory knows them.
using names_of_person = std::function<std::vector<subject::person_name>(core::subject_handle who)>;

// Of everything that rests in this room. Objects are files that users wrote: whom they name, their text alone says.
//
//   erase_named  takes rows that are somebody's out of objects that consist of rows (row_filter.h), each of which is
//                replaced by what is left
//   search       reads every object, its name, headers and metadata, and uploads under way, also within gzip
//   collect      tells which objects name somebody, and their rows
//
// Each reads all objects once: some hundred megabytes a second. The store must outlive it.
std::unique_ptr<subject::custodian> make_custodian(object_store& objects, names_of_person names);

}  // namespace eunomia::object
