(** Nothing is lost silently: what becomes of an operation that a replica has seen.

    Meaning: an increment or a decrement counts, an entry is listed, and an integer is reached by
    one that was written, whatever else there is. A decision, which is an operation on a key, is
    shown; or somebody who had seen it decided that key anew; or it is
    overruled, and then an open merge decision lists it and its user is notified.
    Laws: of every operation that was seen, one of these holds ([nothing_is_lost_proof.v]).
    Source: this project; the meaning of the types is that of [definition.v]. *)

From Coq Require Import List Bool NArith BinInt Permutation.
From Rejoin Require Import order sorted_map dot definition.
Import ListNotations.
Open Scope N_scope.

Section Nothing_is_lost.
Context {Name Value : Type}.
Context (compare_name : Name -> Name -> comparison).
Context (compare_value : Value -> Value -> comparison).
Context (null : Value).
Local Notation operation := (operation Name Value).
Local Notation event := (event Name Value).

(** The type of the object. *)
Context (type : object_type).

(** The key on which an operation decides, as merge decisions name it: a register's only key has
    no name. Increments and entries decide on no key. *)
Definition decided_key (op : operation) : option (option Name) :=
  match type, op with
  | (Lww_register | Mv_register), Write _ _ => Some None
  | (Or_set | Rw_set), (Add x | Remove x) => Some (Some x)
  | (Lww_map | Mv_map), Put k _ _ => Some (Some k)
  | (Ew_flag | Dw_flag), (Enable | Disable) => Some None
  | _, _ => None
  end.

Definition decides_on (k : option Name) (e : event) : Prop :=
  decided_key (operation_of e) = Some k.

(** Whether an answer shows what was decided. What deletes shows in that it is not listed; of
    concurrent values it lists none. *)
Definition shows (answer : answer Name Value) (op : operation) : bool :=
  match op, answer with
  | Write _ value, Content shown => equal compare_value value shown
  | Add x, Elements shown => member compare_name x shown
  | Remove x, Elements shown => negb (member compare_name x shown)
  | Put k _ value, Entries shown =>
      match find compare_name k shown with
      | Some found => equal compare_value value found
      | None => equal compare_value value null
      end
  | Enable, Enabled shown => shown
  | Disable, Enabled shown => negb shown
  | Write _ value, Values shown => equal compare_value value null || member compare_value value shown
  | Put k _ value, Value_sets shown =>
      equal compare_value value null ||
      match find compare_name k shown with
      | Some values => member compare_value value values
      | None => false
      end
  | _, _ => false
  end.

(** Nobody who had seen the decision has decided its key anew. *)
Definition stands (E : list event) (k : option Name) (e : event) : Prop :=
  forall f, In f E -> decides_on k f -> sees compare_name f e = false.

(** All events but this one. *)
Definition the_others (e : event) (E : list event) : list event :=
  filter (fun f => negb (same_event compare_name e f)) E.

(** What may become of the event [e] at a replica that has seen the events [E] of its object.
    [answer] is what the replica shows of the object, [open] are its open merge decisions, and
    [notified] says which users are notified of which key and operation. *)
Definition accounted_for (E : list event) (answer : answer Name Value)
    (open : list (merge_decision Name (option Name)))
    (notified : Name -> option Name -> Name * N -> Prop) (e : event) : Prop :=
  match operation_of e, answer with
  | Increment amount, Count total => total = amount + count (the_others e E)
  | Append _ entry, Items shown =>
      Permutation shown (entry :: items compare_name compare_value (the_others e E))
  | Increment amount, Balance total => total = (Z.of_N amount + balance (the_others e E))%Z
  | Decrement amount, Balance total => total = (balance (the_others e E) - Z.of_N amount)%Z
  | Write_integer n, Integer (Some shown) =>
      (exists f, In f E /\ operation_of f = Write_integer shown)
      /\ match type with
         | Min_register => (shown <= n)%Z
         | _ => (n <= shown)%Z
         end
  | op, _ =>
      exists k, decides_on k e
      /\ (shows answer op = true
          \/ (exists f, In f E /\ decides_on k f /\ sees compare_name f e = true /\ stands E k f)
          \/ (exists d,
               In d open /\ key d = k /\ In (name_of e) (superseded d)
               /\ forall user, user_of e = Some user -> notified user k (name_of e)))
  end.

(** An operation is overruled: it stands, and is not shown. *)
Definition overruled (E : list event) (answer : answer Name Value) (k : option Name)
    (e : event) : Prop :=
  In e E /\ decides_on k e /\ stands E k e /\ shows answer (operation_of e) = false.
End Nothing_is_lost.
