(** Computed examples of the types beside the first five: what each answers to concurrent
    operations, and what tells it from its neighbours. *)

From Coq Require Import List Bool NArith BinInt.
From Rejoin Require Import order sorted_map dot definition nothing_is_lost.
From Rejoin Require version_vector max_register min_register delta_content replica.
Import ListNotations.
Open Scope N_scope.

Local Notation event := (event N N).
Local Notation read := (read N.compare N.compare 0).
Local Notation decisions := (decisions N.compare N.compare 0).
Local Notation accounted_for := (accounted_for N.compare N.compare 0).

(** The [n]-th event of replica [r] on object 0, by user [r]. *)
Definition did (r n : N) (op : operation N N) (saw : list (dot N)) : event :=
  Event 0 (Dot (Origin r 0) n) n (Some r) op saw.
Definition by_1 (n : N) : dot N := Dot (Origin 1 0) n.
Definition by_2 (n : N) : dot N := Dot (Origin 2 0) n.

(** ** Sets and flags by two rules: one adds while the other removes. *)

Definition contested : list event := [did 1 1 (Add 5) []; did 2 1 (Remove 5) []].
Definition added_again : list event := did 1 2 (Add 5) [by_1 1; by_2 1] :: contested.

Example a_remove_wins_in_an_rw_set_and_loses_in_an_or_set :
  read Rw_set contested = Elements []
  /\ read Or_set contested = Elements [5]
  /\ decisions Rw_set contested = [Merge_decision (Some 5) [(2, 1)] [(1, 1)]]
  /\ object_notices N.compare N.compare 0 Rw_set 1 contested = [(Some 5, (1, 1))].
Proof. repeat split; vm_compute; reflexivity. Qed.

Example an_add_that_saw_the_remove_is_in :
  read Rw_set added_again = Elements [5] /\ decisions Rw_set added_again = [].
Proof. split; vm_compute; reflexivity. Qed.

Definition switched : list event := [did 1 1 Enable []; did 2 1 Disable []].

Example an_enable_wins_in_one_flag_and_loses_in_the_other :
  read Ew_flag switched = Enabled true
  /\ read Dw_flag switched = Enabled false
  /\ decisions Ew_flag switched = [Merge_decision None [(1, 1)] [(2, 1)]]
  /\ decisions Dw_flag switched = [Merge_decision None [(2, 1)] [(1, 1)]]
  /\ read Ew_flag [] = Enabled false
  /\ read Dw_flag [] = Enabled false.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** Concurrent values: both are there, in order and each once; a deletion is none. *)

Example concurrent_values_are_kept_until_somebody_decides :
  let concurrent := [did 1 1 (Write 0 40) []; did 2 1 (Write 0 30) []] : list event in
  read Mv_register concurrent = Values [30; 40]
  /\ read Mv_register (did 1 2 (Write 0 50) [by_1 1; by_2 1] :: concurrent) = Values [50]
  /\ read Mv_register [did 1 1 (Write 0 40) []; did 2 1 (Write 0 40) []] = Values [40].
Proof. repeat split; vm_compute; reflexivity. Qed.

Example a_deletion_is_not_listed :
  read Mv_register [did 1 1 (Write 0 40) []; did 2 1 (Write 0 0) []] = Values [40]
  /\ read Mv_register [did 1 2 (Write 0 0) [by_1 1]; did 1 1 (Write 0 40) []] = Values []
  /\ read Mv_map [did 1 1 (Put 6 0 40) []; did 2 1 (Put 6 0 30) []; did 2 2 (Put 7 0 0) [by_2 1]]
     = Value_sets [(6, [30; 40])].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** What is not among the concurrent values is not shown; a deletion is, whatever they are. *)
Example what_is_not_listed_is_not_shown :
  let shows := shows (Name := N) N.compare N.compare 0 in
  map (fun value => shows (Values [30; 40]) (Write 0 value)) [30; 40; 50; 0] = [true; true; false; true]
  /\ map (fun value => shows (Value_sets [(6, [30; 40])]) (Put 6 0 value)) [30; 40; 50; 0]
     = [true; true; false; true]
  /\ shows (Value_sets [(6, [30; 40])]) (Put 7 0 30) = false.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** Integers *)

Example a_balance_goes_below_zero :
  read Pn_counter [did 1 1 (Increment 3) []; did 2 1 (Decrement 5) []] = Balance (-2)%Z.
Proof. vm_compute. reflexivity. Qed.

Definition integers : list event :=
  [did 1 1 (Write_integer (-3)) []; did 2 1 (Write_integer 4) []; did 2 2 (Write_integer 1) [by_2 1]].

Example the_greatest_and_the_least_of_all_that_were_written :
  read Max_register integers = Integer (Some 4%Z)
  /\ read Min_register integers = Integer (Some (-3)%Z)
  /\ read Max_register [] = Integer None.
Proof. repeat split; vm_compute; reflexivity. Qed.

(** What is shown was written: a register that shows more than that loses what was. *)
Example an_integer_that_nobody_wrote_accounts_for_none :
  let e := did 2 1 (Write_integer 4) [] in
  accounted_for Max_register [e] (Integer (Some 4%Z)) [] (fun _ _ _ => False) e
  /\ ~ accounted_for Max_register [e] (Integer (Some 9%Z)) [] (fun _ _ _ => False) e
  /\ ~ accounted_for Max_register integers (Integer (Some 1%Z)) [] (fun _ _ _ => False) e.
Proof.
  split; [| split].
  - split; [exists (did 2 1 (Write_integer 4) []); split; [now left | reflexivity] |].
    now vm_compute.
  - intros [(f & [<- | []] & wrote) _]. discriminate wrote.
  - intros [_ above]. now apply above.
Qed.

(** An integer is sent while a write lies outside the vector, and not to those who know all. *)
Example who_knows_all_is_sent_no_integer :
  let s := replica.object_meaning N.compare N.compare Max_register integers in
  let some_known := [(Origin 2 0, 2)] in
  let all_known := [(Origin 1 0, 1); (Origin 2 0, 2)] in
  replica.part_since N.compare some_known s = s
  /\ replica.value N.compare 0 (replica.part_since N.compare all_known s) = Integer None
  /\ delta_content.listed N.compare s = [[Dot (Origin 1 0) 1; Dot (Origin 2 0) 2]].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** ** What objects list, and what they perform *)

(** Each thing by its dots: a share by its last operation, an entry, and a key by its maximal decisions. *)
Example each_thing_is_listed :
  let listed type E :=
    delta_content.listed N.compare (replica.object_meaning N.compare N.compare type E) in
  listed Pn_counter
      [did 1 1 (Increment 3) []; did 1 2 (Increment 3) [by_1 1]; did 2 1 (Decrement 4) []]
    = [[by_1 2]; [by_2 1]]
  /\ listed Log [did 1 1 (Append 7 30) []; did 2 1 (Append 6 40) []] = [[by_2 1]; [by_1 1]]
  /\ listed Lww_register [did 1 1 (Write 7 30) []; did 1 2 (Write 8 30) [by_1 1]] = [[by_1 2]]
  /\ listed Lww_map
      [did 1 1 (Put 5 7 30) []; did 2 1 (Put 5 7 20) []; did 2 2 (Put 6 7 20) [by_2 1]]
    = [[by_1 1; by_2 1]; [by_2 2]]
  /\ listed Dw_flag [did 1 1 Enable []] = [[by_1 1]].
Proof. repeat split; vm_compute; reflexivity. Qed.

(** The types that replicas hold, and one of each operation. *)
Definition held_types : list object_type :=
  [G_counter; Pn_counter; Lww_register; Mv_register; Or_set; Rw_set; Lww_map; Mv_map; Ew_flag; Dw_flag;
   Log; Max_register; Min_register].

Definition operations : list (operation N N) :=
  [Increment 3; Decrement 2; Write 1 30; Add 5; Remove 5; Put 6 1 30; Append 1 30; Enable; Disable;
   Write_integer 4].

(** Each performs what its type allows, and nothing else. *)
Example each_type_performs_what_it_allows :
  let performs type op :=
    match replica.perform_on N.compare N.compare (replica.bottom_object type) (Origin 1 0) 1 None op with
    | Some _ => true
    | None => false
    end in
  map (fun type => filter (performs type) operations) held_types
  = map (fun type => filter (allows type) operations) held_types
  /\ map (fun type => length (filter (performs type) operations)) held_types
     = [1; 2; 1; 1; 2; 2; 1; 1; 2; 2; 1; 1; 1]%nat.
Proof. split; vm_compute; reflexivity. Qed.

(** ** Ties: of two writes of one replica at one time the later one wins, whatever the values; and a
    log goes by time. *)
Example of_two_writes_at_one_time_the_later_wins :
  read Lww_register [did 1 1 (Write 7 30) []; did 1 2 (Write 7 20) [by_1 1]] = Content 20
  /\ read Lww_map [did 1 1 (Put 5 7 30) []; did 1 2 (Put 5 7 20) [by_1 1]] = Entries [(5, 20)]
  /\ read Lww_register [did 1 1 (Write 7 30) []; did 2 1 (Write 7 20) []] = Content 20
  /\ read Log [did 1 1 (Append 7 30) []; did 1 2 (Append 7 20) [by_1 1]; did 2 1 (Append 6 40) []]
     = Items [40; 30; 20].
Proof. repeat split; vm_compute; reflexivity. Qed.
