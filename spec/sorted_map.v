(** Sorted maps and sets: the carrier that all states share.

    Meaning: a map is the list of its entries with strictly rising keys, a set the list of its
    members, strictly rising. Equal content is equal data, so laws hold with plain equality.
    Laws: two sorted maps that find the same under every key are equal ([sorted_map_proof.v]).
    Cost: [merge] is linear, [find] stops at the first greater key. *)

From Coq Require Import List Bool.
From Rejoin Require Import order.
Import ListNotations.

Definition sorted_map (K V : Type) : Type := list (K * V).
Definition sorted_set (A : Type) : Type := list A.

(** Whether each item is below the next. *)
Fixpoint rising {A : Type} (compare : A -> A -> comparison) (items : list A) : bool :=
  match items with
  | x :: (y :: _) as rest => below compare x y && rising compare rest
  | _ => true
  end.

Definition or_empty {A : Type} (items : option (list A)) : list A :=
  match items with
  | Some items => items
  | None => []
  end.

(** An empty list is recorded as an absence. *)
Definition if_any {A : Type} (items : list A) : option (list A) :=
  match items with
  | [] => None
  | _ => Some items
  end.

Section Maps.
Context {K : Type} (compare : K -> K -> comparison).

Definition keys {V : Type} (m : sorted_map K V) : list K := map fst m.

Definition sorted {V : Type} (m : sorted_map K V) : bool := rising compare (keys m).

Fixpoint find {V : Type} (k : K) (m : sorted_map K V) : option V :=
  match m with
  | [] => None
  | (k', v) :: rest =>
      match compare k k' with
      | Lt => None
      | Eq => Some v
      | Gt => find k rest
      end
  end.

Definition cons_some {V : Type} (k : K) (v : option V) (m : sorted_map K V) : sorted_map K V :=
  match v with
  | Some v => (k, v) :: m
  | None => m
  end.

(** Keeps what [f] returns for each entry. *)
Fixpoint map_some {A B : Type} (f : A -> option B) (m : sorted_map K A) : sorted_map K B :=
  match m with
  | [] => []
  | (k, v) :: rest => cons_some k (f v) (map_some f rest)
  end.

(** Under each key of either map: what [f] makes of the two values, each of which may be missing. *)
Fixpoint merge {A B C : Type} (f : option A -> option B -> option C)
    (a : sorted_map K A) : sorted_map K B -> sorted_map K C :=
  fix merge_a (b : sorted_map K B) : sorted_map K C :=
    match a, b with
    | [], _ => map_some (fun v => f None (Some v)) b
    | _, [] => map_some (fun v => f (Some v) None) a
    | (k, v) :: a', (k', v') :: b' =>
        match compare k k' with
        | Lt => cons_some k (f (Some v) None) (merge f a' b)
        | Eq => cons_some k (f (Some v) (Some v')) (merge f a' b')
        | Gt => cons_some k' (f None (Some v')) (merge_a b')
        end
    end.

(** The map with [v] under [k], whatever was there. *)
Definition set {V : Type} (k : K) (v : V) (m : sorted_map K V) : sorted_map K V :=
  merge (fun old new =>
    match new with
    | Some v => Some v
    | None => old
    end) m [(k, v)].

(** The entries of [m] whose keys [listed] has. *)
Definition restrict {V W : Type} (m : sorted_map K V) (listed : sorted_map K W)
    : sorted_map K V :=
  merge (fun value mark =>
    match mark with
    | Some _ => value
    | None => None
    end) m listed.
End Maps.

Section Sets.
Context {A : Type} (compare : A -> A -> comparison).

Fixpoint member (x : A) (s : sorted_set A) : bool :=
  match s with
  | [] => false
  | y :: rest =>
      match compare x y with
      | Lt => false
      | Eq => true
      | Gt => member x rest
      end
  end.

(** What both have, what only [a] has if [left] allows it, and what only [b] has if [right] does. *)
Fixpoint merge_sets (left right : A -> bool) (a : sorted_set A)
    : sorted_set A -> sorted_set A :=
  fix merge_a (b : sorted_set A) : sorted_set A :=
    match a, b with
    | [], _ => filter right b
    | _, [] => filter left a
    | x :: a', y :: b' =>
        match compare x y with
        | Lt => if left x then x :: merge_sets left right a' b else merge_sets left right a' b
        | Eq => x :: merge_sets left right a' b'
        | Gt => if right y then y :: merge_a b' else merge_a b'
        end
    end.

Definition union (a b : sorted_set A) : sorted_set A :=
  merge_sets (fun _ => true) (fun _ => true) a b.

Definition insert (x : A) (s : sorted_set A) : sorted_set A := union [x] s.

Definition set_of (items : list A) : sorted_set A := fold_right insert [] items.
End Sets.

(** Sorting with repeats, for answers whose order and repeats are observed. *)
Section Sort.
Context {A : Type} (compare : A -> A -> comparison).

Fixpoint place (x : A) (items : list A) : list A :=
  match items with
  | [] => [x]
  | y :: rest => if below compare y x then y :: place x rest else x :: items
  end.

Definition sort (items : list A) : list A := fold_right place [] items.
End Sort.
