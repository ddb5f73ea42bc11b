//! Functions of collectors, one table for all runtimes. A thread collects while one of them is on
//! its stack.
//!
//! The names are those of the runtimes' sources: Go's package `runtime` (mgc.go, mgcmark.go,
//! mgcsweep.go), V8's `src/heap`, CPython's `Modules/gcmodule.c` and `Python/gc.c`, HotSpot's
//! `share/gc`, Ruby's `gc.c`, PHP's `Zend/zend_gc.c`, .NET's `gc.cpp`, Erlang's `erl_gc.c`. A name
//! counts by its beginning, so that new suffixes and parameters do not matter.
//!
//! JavaScriptCore is not in the table: Bun is stripped, so its roots are learned.

use recording::gc::GcPart::{self, Assist, Pause, Sweep, Worker};
use recording::vocabulary::Runtime;

/// The collector of a runtime.
pub(super) struct Collector {
    pub(super) runtimes: &'static [Runtime],
    /// Functions that run all the time and are as private as those of the collector: where one has
    /// its name, those of the collector would have theirs.
    pub(super) markers: &'static [&'static str],
    pub(super) roots: &'static [(GcPart, &'static [&'static str])],
    /// Ends of names of functions that only the collector calls, but for their clones.
    pub(super) ends: &'static [&'static str],
}

pub(super) const COLLECTORS: [Collector; 8] = [
    Collector {
        runtimes: &[Runtime::Go],
        markers: &["runtime."],
        roots: &[
            (
                Pause,
                &[
                    "runtime.gcStart",
                    "runtime.gcMarkDone",
                    "runtime.gcMarkTermination",
                    "runtime.gcSweep",
                    "runtime.gcResetMarkState",
                ],
            ),
            (
                Assist,
                &[
                    "runtime.gcAssistAlloc",
                    "runtime.gcParkAssist",
                    "runtime.wbBufFlush",
                    "runtime.(*wbBuf)",
                    "runtime.bulkBarrier",
                    "runtime.gcWriteBarrier",
                    "gcWriteBarrier",
                ],
            ),
            (
                Sweep,
                &[
                    "runtime.bgsweep",
                    "runtime.sweepone",
                    "runtime.deductSweepCredit",
                    "runtime.(*sweepLocked)",
                    "runtime.(*mspan).sweep",
                    "runtime.(*mheap).reclaim",
                ],
            ),
            (
                Worker,
                &[
                    "runtime.gcBgMarkWorker",
                    "runtime.gcDrain",
                    "runtime.gcMarkTinyAllocs",
                    "runtime.gcFlushBgCredit",
                    "runtime.markroot",
                    "runtime.scan",
                    "runtime.greyobject",
                    "runtime.(*gcWork)",
                ],
            ),
        ],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Node, Runtime::Deno],
        markers: &["v8::internal::"],
        roots: &[
            (
                Assist,
                &[
                    "v8::internal::IncrementalMarking",
                    "v8::internal::MarkingBarrier::",
                    "v8::internal::WriteBarrier::Marking",
                ],
            ),
            (
                Pause,
                &[
                    "v8::internal::Heap::CollectGarbage",
                    "v8::internal::Heap::CollectAll",
                    "v8::internal::Heap::CollectSharedGarbage",
                    "v8::internal::Heap::PreciseCollectAllGarbage",
                    "v8::internal::Heap::PerformGarbageCollection",
                    "v8::internal::Heap::Scavenge",
                    "v8::internal::Heap::MarkCompact",
                    "v8::internal::Heap::MinorMark",
                    "v8::internal::CppHeap::CollectGarbage",
                    "cppgc::internal::Heap::CollectGarbage",
                    "v8::internal::Scavenge",
                    "v8::internal::RootScavengeVisitor",
                    "v8::internal::IterateAndScavenge",
                    "v8::internal::MarkCompactCollector",
                    "v8::internal::MinorMark",
                    "v8::internal::MainMarkingVisitor",
                    "v8::internal::YoungGeneration",
                    "v8::internal::Evacuat",
                    "v8::internal::PageEvacuation",
                    "v8::internal::PointersUpdating",
                ],
            ),
            (
                Sweep,
                &[
                    "v8::internal::Sweeper",
                    "v8::internal::ArrayBufferSweeper",
                    "cppgc::internal::Sweeper",
                ],
            ),
            (
                Worker,
                &[
                    "v8::internal::ConcurrentMarking",
                    "v8::internal::ConcurrentUnifiedHeapMarking",
                    "cppgc::internal::ConcurrentMark",
                ],
            ),
        ],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Python],
        markers: &[
            "subtype_dealloc",
            "tupledealloc",
            "tuple_dealloc",
            "dict_dealloc",
            "list_dealloc",
            "cfunction_vectorcall",
            "method_vectorcall",
            "slot_tp",
            "type_call",
            "unicode_",
            "func_dealloc",
        ],
        roots: &[(
            Pause,
            &[
                "gc_collect",
                "_PyGC_Collect",
                "PyGC_Collect",
                "_Py_RunGC",
                "deduce_unreachable",
                "subtract_refs",
                "update_refs",
                "move_unreachable",
                "delete_garbage",
                "handle_weakrefs",
                "untrack_tuples",
                "mark_alive",
                "mark_all_reachable",
                "visit_decref",
                "visit_reachable",
                "visit_move",
            ],
        )],
        // `tp_traverse` of each type. `gc.get_referrers` and the like call them too, and rarely.
        ends: &["traverse"],
    },
    Collector {
        runtimes: &[Runtime::Java],
        markers: &["JavaCalls::", "JavaThread::", "SharedRuntime::"],
        roots: &[(
            Pause,
            &[
                "VM_G1",
                "VM_GenCollect",
                "VM_ParallelGC",
                "VM_GC_Operation",
                "VM_CollectFor",
                "VM_Shenandoah",
                "VM_Z",
                "VM_X",
                "G1CollectedHeap::do_",
                "GenCollectedHeap::do_",
                "SerialHeap::do_",
                "DefNewGeneration::collect",
                "PSScavenge::",
                "PSParallelCompact::",
                "ParallelScavengeHeap::",
                "GenMarkSweep::",
            ],
        )],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Dotnet],
        markers: &["WKS::", "SVR::"],
        roots: &[(
            Pause,
            &[
                "WKS::GCHeap::GarbageCollect",
                "WKS::gc_heap::garbage_collect",
                "WKS::gc_heap::gc1",
                "WKS::gc_heap::mark_",
                "WKS::gc_heap::plan_",
                "WKS::gc_heap::relocate_",
                "WKS::gc_heap::compact_",
                "SVR::GCHeap::GarbageCollect",
                "SVR::gc_heap::garbage_collect",
                "SVR::gc_heap::gc1",
            ],
        )],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Ruby],
        markers: &["vm_exec", "vm_call", "vm_sendish"],
        roots: &[(
            Pause,
            &[
                "gc_start",
                "gc_marks",
                "gc_mark",
                "gc_sweep",
                "gc_rest",
                "gc_continue",
                "garbage_collect",
                "rb_gc_mark",
                "rb_gc_start",
            ],
        )],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Php],
        markers: &["execute_ex", "zend_"],
        roots: &[(
            Pause,
            &["zend_gc_collect", "zend_gc_run", "gc_mark_", "gc_collect_"],
        )],
        ends: &[],
    },
    Collector {
        runtimes: &[Runtime::Beam],
        markers: &["process_main", "erts_schedule"],
        roots: &[(
            Pause,
            &[
                "erts_garbage_collect",
                "erts_gc_",
                "garbage_collect",
                "minor_collection",
                "major_collection",
            ],
        )],
        ends: &[],
    },
];
