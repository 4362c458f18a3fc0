// Made by: python -m branchxr_unity.csharp. Do not edit; edit layout.py.

using System;

namespace BranchXR
{
    internal struct SceneFileRow
    {
        internal string Path;
        internal string Sha256;

        internal static SceneFileRow Read(ref RecordReader reader)
        {
            var value = new SceneFileRow();
            value.Path = reader.Text();
            value.Sha256 = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Path);
            writer.Text(Sha256);
        }
    }

    internal struct CellPlaceRow
    {
        internal uint Id;
        internal float X;
        internal float Y;
        internal float Z;

        internal static CellPlaceRow Read(ref RecordReader reader)
        {
            var value = new CellPlaceRow();
            value.Id = reader.U32();
            value.X = reader.F32();
            value.Y = reader.F32();
            value.Z = reader.F32();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.U32(Id);
            writer.F32(X);
            writer.F32(Y);
            writer.F32(Z);
        }
    }

    internal struct AnchorPlaceRow
    {
        internal string Path;
        internal string Kind;
        internal float X;
        internal float Y;
        internal float Z;
        internal float TurnX;
        internal float TurnY;
        internal float TurnZ;
        internal float TurnW;

        internal static AnchorPlaceRow Read(ref RecordReader reader)
        {
            var value = new AnchorPlaceRow();
            value.Path = reader.Text();
            value.Kind = reader.Text();
            value.X = reader.F32();
            value.Y = reader.F32();
            value.Z = reader.F32();
            value.TurnX = reader.F32();
            value.TurnY = reader.F32();
            value.TurnZ = reader.F32();
            value.TurnW = reader.F32();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Path);
            writer.Text(Kind);
            writer.F32(X);
            writer.F32(Y);
            writer.F32(Z);
            writer.F32(TurnX);
            writer.F32(TurnY);
            writer.F32(TurnZ);
            writer.F32(TurnW);
        }
    }

    internal struct PanelFieldRow
    {
        internal string Name;
        internal string Label;
        internal string Value;

        internal static PanelFieldRow Read(ref RecordReader reader)
        {
            var value = new PanelFieldRow();
            value.Name = reader.Text();
            value.Label = reader.Text();
            value.Value = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Name);
            writer.Text(Label);
            writer.Text(Value);
        }
    }

    internal struct PanelButtonRow
    {
        internal string Name;
        internal string Label;

        internal static PanelButtonRow Read(ref RecordReader reader)
        {
            var value = new PanelButtonRow();
            value.Name = reader.Text();
            value.Label = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Name);
            writer.Text(Label);
        }
    }

    internal struct AccountLineRow
    {
        internal string Id;
        internal string Name;
        internal string Currency;
        internal string Balance;

        internal static AccountLineRow Read(ref RecordReader reader)
        {
            var value = new AccountLineRow();
            value.Id = reader.Text();
            value.Name = reader.Text();
            value.Currency = reader.Text();
            value.Balance = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Id);
            writer.Text(Name);
            writer.Text(Currency);
            writer.Text(Balance);
        }
    }

    internal struct NodePathRow
    {
        internal string Path;

        internal static NodePathRow Read(ref RecordReader reader)
        {
            var value = new NodePathRow();
            value.Path = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Path);
        }
    }

    internal struct FilledFieldRow
    {
        internal string Name;
        internal string Value;

        internal static FilledFieldRow Read(ref RecordReader reader)
        {
            var value = new FilledFieldRow();
            value.Name = reader.Text();
            value.Value = reader.Text();
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Text(Name);
            writer.Text(Value);
        }
    }

    internal struct HelloRecord
    {
        internal ushort Version;
        internal ulong Taken;
        internal string Python;

        internal static HelloRecord Read(ref RecordReader reader)
        {
            var value = new HelloRecord();
            value.Version = reader.U16();
            value.Taken = reader.U64();
            value.Python = reader.Text();
            reader.RequireEnd("hello");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Hello);
            writer.U16(Version);
            writer.U64(Taken);
            writer.Text(Python);
            writer.End();
        }
    }

    internal struct FrameRecord
    {
        internal byte[] Frame;

        internal static FrameRecord Read(ref RecordReader reader)
        {
            var value = new FrameRecord();
            value.Frame = reader.Rest();
            reader.RequireEnd("frame");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Frame);
            writer.Rest(Frame);
            writer.End();
        }
    }

    internal struct PuppetsRecord
    {
        internal uint[] Nodes;
        internal float[] Poses;

        internal static PuppetsRecord Read(ref RecordReader reader)
        {
            var value = new PuppetsRecord();
            value.Nodes = reader.Ids();
            value.Poses = reader.Floats();
            reader.RequireEnd("puppets");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Puppets);
            writer.Ids(Nodes);
            writer.Floats(Poses);
            writer.End();
        }
    }

    internal struct HeartbeatRecord
    {
        internal ulong Count;

        internal static HeartbeatRecord Read(ref RecordReader reader)
        {
            var value = new HeartbeatRecord();
            value.Count = reader.U64();
            reader.RequireEnd("heartbeat");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Heartbeat);
            writer.U64(Count);
            writer.End();
        }
    }

    internal struct TakenRecord
    {
        internal ulong Position;

        internal static TakenRecord Read(ref RecordReader reader)
        {
            var value = new TakenRecord();
            value.Position = reader.U64();
            reader.RequireEnd("taken");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Taken);
            writer.U64(Position);
            writer.End();
        }
    }

    internal struct PongRecord
    {
        internal ulong Stamp;

        internal static PongRecord Read(ref RecordReader reader)
        {
            var value = new PongRecord();
            value.Stamp = reader.U64();
            reader.RequireEnd("pong");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Pong);
            writer.U64(Stamp);
            writer.End();
        }
    }

    internal struct FaultRecord
    {
        internal string Code;
        internal string Expected;
        internal string Came;
        internal string Remedy;

        internal static FaultRecord Read(ref RecordReader reader)
        {
            var value = new FaultRecord();
            value.Code = reader.Text();
            value.Expected = reader.Text();
            value.Came = reader.Text();
            value.Remedy = reader.Text();
            reader.RequireEnd("fault");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Fault);
            writer.Text(Code);
            writer.Text(Expected);
            writer.Text(Came);
            writer.Text(Remedy);
            writer.End();
        }
    }

    internal struct BranchRecord
    {
        internal string Name;
        internal bool IsDevelopment;
        internal string RpId;

        internal static BranchRecord Read(ref RecordReader reader)
        {
            var value = new BranchRecord();
            value.Name = reader.Text();
            value.IsDevelopment = reader.Bool();
            value.RpId = reader.Text();
            reader.RequireEnd("branch");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Branch);
            writer.Text(Name);
            writer.Bool(IsDevelopment);
            writer.Text(RpId);
            writer.End();
        }
    }

    internal struct YouRecord
    {
        internal string Participant;
        internal string Name;
        internal string Role;
        internal int Slot;
        internal bool IsSignedIn;

        internal static YouRecord Read(ref RecordReader reader)
        {
            var value = new YouRecord();
            value.Participant = reader.Text();
            value.Name = reader.Text();
            value.Role = reader.Text();
            value.Slot = reader.I32();
            value.IsSignedIn = reader.Bool();
            reader.RequireEnd("you");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.You);
            writer.Text(Participant);
            writer.Text(Name);
            writer.Text(Role);
            writer.I32(Slot);
            writer.Bool(IsSignedIn);
            writer.End();
        }
    }

    internal struct PresentRecord
    {
        internal string Id;
        internal string Name;
        internal string Role;
        internal uint Slot;
        internal uint Generation;

        internal static PresentRecord Read(ref RecordReader reader)
        {
            var value = new PresentRecord();
            value.Id = reader.Text();
            value.Name = reader.Text();
            value.Role = reader.Text();
            value.Slot = reader.U32();
            value.Generation = reader.U32();
            reader.RequireEnd("present");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Present);
            writer.Text(Id);
            writer.Text(Name);
            writer.Text(Role);
            writer.U32(Slot);
            writer.U32(Generation);
            writer.End();
        }
    }

    internal struct LeftRecord
    {
        internal string Id;

        internal static LeftRecord Read(ref RecordReader reader)
        {
            var value = new LeftRecord();
            value.Id = reader.Text();
            reader.RequireEnd("left");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Left);
            writer.Text(Id);
            writer.End();
        }
    }

    internal struct HeardRecord
    {
        internal string Name;
        internal string Role;
        internal bool IsOwn;
        internal string Text;
        internal bool IsEmote;

        internal static HeardRecord Read(ref RecordReader reader)
        {
            var value = new HeardRecord();
            value.Name = reader.Text();
            value.Role = reader.Text();
            value.IsOwn = reader.Bool();
            value.Text = reader.Text();
            value.IsEmote = reader.Bool();
            reader.RequireEnd("heard");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Heard);
            writer.Text(Name);
            writer.Text(Role);
            writer.Bool(IsOwn);
            writer.Text(Text);
            writer.Bool(IsEmote);
            writer.End();
        }
    }

    internal struct PlaceRecord
    {
        internal float X;
        internal float Y;
        internal float Z;
        internal bool Turns;
        internal float Yaw;

        internal static PlaceRecord Read(ref RecordReader reader)
        {
            var value = new PlaceRecord();
            value.X = reader.F32();
            value.Y = reader.F32();
            value.Z = reader.F32();
            value.Turns = reader.Bool();
            value.Yaw = reader.F32();
            reader.RequireEnd("place");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Place);
            writer.F32(X);
            writer.F32(Y);
            writer.F32(Z);
            writer.Bool(Turns);
            writer.F32(Yaw);
            writer.End();
        }
    }

    internal struct PathRecord
    {
        internal string Anchor;
        internal bool IsFound;
        internal float[] Points;

        internal static PathRecord Read(ref RecordReader reader)
        {
            var value = new PathRecord();
            value.Anchor = reader.Text();
            value.IsFound = reader.Bool();
            value.Points = reader.Floats();
            reader.RequireEnd("path");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Path);
            writer.Text(Anchor);
            writer.Bool(IsFound);
            writer.Floats(Points);
            writer.End();
        }
    }

    internal struct SceneRecord
    {
        internal string Base;
        internal SceneFileRow[] Files;

        internal static SceneRecord Read(ref RecordReader reader)
        {
            var value = new SceneRecord();
            value.Base = reader.Text();
            value.Files = new SceneFileRow[reader.Count(8)];
            for (int index = 0; index < value.Files.Length; index++)
            {
                value.Files[index] = SceneFileRow.Read(ref reader);
            }
            reader.RequireEnd("scene");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Scene);
            writer.Text(Base);
            writer.U32((uint)Files.Length);
            for (int index = 0; index < Files.Length; index++) Files[index].Write(writer);
            writer.End();
        }
    }

    internal struct CellsRecord
    {
        internal CellPlaceRow[] Cells;

        internal static CellsRecord Read(ref RecordReader reader)
        {
            var value = new CellsRecord();
            value.Cells = new CellPlaceRow[reader.Count(16)];
            for (int index = 0; index < value.Cells.Length; index++)
            {
                value.Cells[index] = CellPlaceRow.Read(ref reader);
            }
            reader.RequireEnd("cells");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Cells);
            writer.U32((uint)Cells.Length);
            for (int index = 0; index < Cells.Length; index++) Cells[index].Write(writer);
            writer.End();
        }
    }

    internal struct AnchorsRecord
    {
        internal AnchorPlaceRow[] Anchors;

        internal static AnchorsRecord Read(ref RecordReader reader)
        {
            var value = new AnchorsRecord();
            value.Anchors = new AnchorPlaceRow[reader.Count(36)];
            for (int index = 0; index < value.Anchors.Length; index++)
            {
                value.Anchors[index] = AnchorPlaceRow.Read(ref reader);
            }
            reader.RequireEnd("anchors");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Anchors);
            writer.U32((uint)Anchors.Length);
            for (int index = 0; index < Anchors.Length; index++) Anchors[index].Write(writer);
            writer.End();
        }
    }

    internal struct PanelRecord
    {
        internal string Name;
        internal string Title;
        internal string Text;
        internal string Anchor;
        internal PanelFieldRow[] Fields;
        internal PanelButtonRow[] Buttons;

        internal static PanelRecord Read(ref RecordReader reader)
        {
            var value = new PanelRecord();
            value.Name = reader.Text();
            value.Title = reader.Text();
            value.Text = reader.Text();
            value.Anchor = reader.Text();
            value.Fields = new PanelFieldRow[reader.Count(12)];
            for (int index = 0; index < value.Fields.Length; index++)
            {
                value.Fields[index] = PanelFieldRow.Read(ref reader);
            }
            value.Buttons = new PanelButtonRow[reader.Count(8)];
            for (int index = 0; index < value.Buttons.Length; index++)
            {
                value.Buttons[index] = PanelButtonRow.Read(ref reader);
            }
            reader.RequireEnd("panel");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Panel);
            writer.Text(Name);
            writer.Text(Title);
            writer.Text(Text);
            writer.Text(Anchor);
            writer.U32((uint)Fields.Length);
            for (int index = 0; index < Fields.Length; index++) Fields[index].Write(writer);
            writer.U32((uint)Buttons.Length);
            for (int index = 0; index < Buttons.Length; index++) Buttons[index].Write(writer);
            writer.End();
        }
    }

    internal struct PanelClosedRecord
    {
        internal string Name;

        internal static PanelClosedRecord Read(ref RecordReader reader)
        {
            var value = new PanelClosedRecord();
            value.Name = reader.Text();
            reader.RequireEnd("panel_closed");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.PanelClosed);
            writer.Text(Name);
            writer.End();
        }
    }

    internal struct AccountsRecord
    {
        internal AccountLineRow[] Accounts;

        internal static AccountsRecord Read(ref RecordReader reader)
        {
            var value = new AccountsRecord();
            value.Accounts = new AccountLineRow[reader.Count(16)];
            for (int index = 0; index < value.Accounts.Length; index++)
            {
                value.Accounts[index] = AccountLineRow.Read(ref reader);
            }
            reader.RequireEnd("accounts");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Accounts);
            writer.U32((uint)Accounts.Length);
            for (int index = 0; index < Accounts.Length; index++) Accounts[index].Write(writer);
            writer.End();
        }
    }

    internal struct NoticeRecord
    {
        internal string Level;
        internal string Title;
        internal string Text;

        internal static NoticeRecord Read(ref RecordReader reader)
        {
            var value = new NoticeRecord();
            value.Level = reader.Text();
            value.Title = reader.Text();
            value.Text = reader.Text();
            reader.RequireEnd("notice");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Notice);
            writer.Text(Level);
            writer.Text(Title);
            writer.Text(Text);
            writer.End();
        }
    }

    internal struct BusyRecord
    {
        internal string What;

        internal static BusyRecord Read(ref RecordReader reader)
        {
            var value = new BusyRecord();
            value.What = reader.Text();
            reader.RequireEnd("busy");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Busy);
            writer.Text(What);
            writer.End();
        }
    }

    internal struct BranchLinkRecord
    {
        internal bool IsConnected;

        internal static BranchLinkRecord Read(ref RecordReader reader)
        {
            var value = new BranchLinkRecord();
            value.IsConnected = reader.Bool();
            reader.RequireEnd("branch_link");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.BranchLink);
            writer.Bool(IsConnected);
            writer.End();
        }
    }

    internal struct SpawnRecord
    {
        internal string Model;
        internal uint[] Nodes;
        internal float[] Positions;
        internal float[] Rotations;

        internal static SpawnRecord Read(ref RecordReader reader)
        {
            var value = new SpawnRecord();
            value.Model = reader.Text();
            value.Nodes = reader.Ids();
            value.Positions = reader.Floats();
            value.Rotations = reader.Floats();
            reader.RequireEnd("spawn");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Spawn);
            writer.Text(Model);
            writer.Ids(Nodes);
            writer.Floats(Positions);
            writer.Floats(Rotations);
            writer.End();
        }
    }

    internal struct MoveRecord
    {
        internal uint[] Nodes;
        internal float[] Positions;
        internal float[] Rotations;

        internal static MoveRecord Read(ref RecordReader reader)
        {
            var value = new MoveRecord();
            value.Nodes = reader.Ids();
            value.Positions = reader.Floats();
            value.Rotations = reader.Floats();
            reader.RequireEnd("move");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Move);
            writer.Ids(Nodes);
            writer.Floats(Positions);
            writer.Floats(Rotations);
            writer.End();
        }
    }

    internal struct RemoveRecord
    {
        internal uint[] Nodes;

        internal static RemoveRecord Read(ref RecordReader reader)
        {
            var value = new RemoveRecord();
            value.Nodes = reader.Ids();
            reader.RequireEnd("remove");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Remove);
            writer.Ids(Nodes);
            writer.End();
        }
    }

    internal struct LiveRecord
    {
        internal NodePathRow[] Paths;
        internal float[] Positions;
        internal float[] Rotations;

        internal static LiveRecord Read(ref RecordReader reader)
        {
            var value = new LiveRecord();
            value.Paths = new NodePathRow[reader.Count(4)];
            for (int index = 0; index < value.Paths.Length; index++)
            {
                value.Paths[index] = NodePathRow.Read(ref reader);
            }
            value.Positions = reader.Floats();
            value.Rotations = reader.Floats();
            reader.RequireEnd("live");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Live);
            writer.U32((uint)Paths.Length);
            for (int index = 0; index < Paths.Length; index++) Paths[index].Write(writer);
            writer.Floats(Positions);
            writer.Floats(Rotations);
            writer.End();
        }
    }

    internal struct AskRecord
    {
        internal string Id;
        internal byte[] Canonical;

        internal static AskRecord Read(ref RecordReader reader)
        {
            var value = new AskRecord();
            value.Id = reader.Text();
            value.Canonical = reader.Bytes();
            reader.RequireEnd("ask");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Ask);
            writer.Text(Id);
            writer.Bytes(Canonical);
            writer.End();
        }
    }

    internal struct AskOverRecord
    {
        internal string Id;

        internal static AskOverRecord Read(ref RecordReader reader)
        {
            var value = new AskOverRecord();
            value.Id = reader.Text();
            reader.RequireEnd("ask_over");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.AskOver);
            writer.Text(Id);
            writer.End();
        }
    }

    internal struct EndedRecord
    {
        internal string Code;
        internal string Title;
        internal string Text;

        internal static EndedRecord Read(ref RecordReader reader)
        {
            var value = new EndedRecord();
            value.Code = reader.Text();
            value.Title = reader.Text();
            value.Text = reader.Text();
            reader.RequireEnd("ended");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Ended);
            writer.Text(Code);
            writer.Text(Title);
            writer.Text(Text);
            writer.End();
        }
    }

    internal struct PoseRecord
    {
        internal byte[] Uplink;

        internal static PoseRecord Read(ref RecordReader reader)
        {
            var value = new PoseRecord();
            value.Uplink = reader.Rest();
            reader.RequireEnd("pose");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Pose);
            writer.Rest(Uplink);
            writer.End();
        }
    }

    internal struct PingRecord
    {
        internal ulong Stamp;

        internal static PingRecord Read(ref RecordReader reader)
        {
            var value = new PingRecord();
            value.Stamp = reader.U64();
            reader.RequireEnd("ping");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Ping);
            writer.U64(Stamp);
            writer.End();
        }
    }

    internal struct PressRecord
    {
        internal string Panel;
        internal string Button;
        internal FilledFieldRow[] Fields;

        internal static PressRecord Read(ref RecordReader reader)
        {
            var value = new PressRecord();
            value.Panel = reader.Text();
            value.Button = reader.Text();
            value.Fields = new FilledFieldRow[reader.Count(8)];
            for (int index = 0; index < value.Fields.Length; index++)
            {
                value.Fields[index] = FilledFieldRow.Read(ref reader);
            }
            reader.RequireEnd("press");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Press);
            writer.Text(Panel);
            writer.Text(Button);
            writer.U32((uint)Fields.Length);
            for (int index = 0; index < Fields.Length; index++) Fields[index].Write(writer);
            writer.End();
        }
    }

    internal struct SelectRecord
    {
        internal string Path;
        internal bool HasNode;
        internal uint Index;
        internal uint Generation;

        internal static SelectRecord Read(ref RecordReader reader)
        {
            var value = new SelectRecord();
            value.Path = reader.Text();
            value.HasNode = reader.Bool();
            value.Index = reader.U32();
            value.Generation = reader.U32();
            reader.RequireEnd("select");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Select);
            writer.Text(Path);
            writer.Bool(HasNode);
            writer.U32(Index);
            writer.U32(Generation);
            writer.End();
        }
    }

    internal struct ArrivedRecord
    {
        internal string Anchor;
        internal string Kind;

        internal static ArrivedRecord Read(ref RecordReader reader)
        {
            var value = new ArrivedRecord();
            value.Anchor = reader.Text();
            value.Kind = reader.Text();
            reader.RequireEnd("arrived");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Arrived);
            writer.Text(Anchor);
            writer.Text(Kind);
            writer.End();
        }
    }

    internal struct VisibleRecord
    {
        internal bool IsVisible;

        internal static VisibleRecord Read(ref RecordReader reader)
        {
            var value = new VisibleRecord();
            value.IsVisible = reader.Bool();
            reader.RequireEnd("visible");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Visible);
            writer.Bool(IsVisible);
            writer.End();
        }
    }

    internal struct GoRecord
    {
        internal string Anchor;
        internal float X;
        internal float Y;
        internal float Z;

        internal static GoRecord Read(ref RecordReader reader)
        {
            var value = new GoRecord();
            value.Anchor = reader.Text();
            value.X = reader.F32();
            value.Y = reader.F32();
            value.Z = reader.F32();
            reader.RequireEnd("go");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Go);
            writer.Text(Anchor);
            writer.F32(X);
            writer.F32(Y);
            writer.F32(Z);
            writer.End();
        }
    }

    internal struct ChatRecord
    {
        internal string Text;

        internal static ChatRecord Read(ref RecordReader reader)
        {
            var value = new ChatRecord();
            value.Text = reader.Text();
            reader.RequireEnd("chat");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Chat);
            writer.Text(Text);
            writer.End();
        }
    }

    internal struct EmoteRecord
    {
        internal string Emote;

        internal static EmoteRecord Read(ref RecordReader reader)
        {
            var value = new EmoteRecord();
            value.Emote = reader.Text();
            reader.RequireEnd("emote");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Emote);
            writer.Text(Emote);
            writer.End();
        }
    }

    internal struct SignInRecord
    {
        internal string How;
        internal string Name;

        internal static SignInRecord Read(ref RecordReader reader)
        {
            var value = new SignInRecord();
            value.How = reader.Text();
            value.Name = reader.Text();
            reader.RequireEnd("sign_in");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.SignIn);
            writer.Text(How);
            writer.Text(Name);
            writer.End();
        }
    }

    internal struct SignOutRecord
    {
        internal static SignOutRecord Read(ref RecordReader reader)
        {
            var value = new SignOutRecord();
            reader.RequireEnd("sign_out");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.SignOut);
            writer.End();
        }
    }

    internal struct ConfirmRecord
    {
        internal string Id;
        internal byte[] Challenge;

        internal static ConfirmRecord Read(ref RecordReader reader)
        {
            var value = new ConfirmRecord();
            value.Id = reader.Text();
            value.Challenge = reader.Bytes();
            reader.RequireEnd("confirm");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Confirm);
            writer.Text(Id);
            writer.Bytes(Challenge);
            writer.End();
        }
    }

    internal struct RefuseRecord
    {
        internal string Id;
        internal string Code;

        internal static RefuseRecord Read(ref RecordReader reader)
        {
            var value = new RefuseRecord();
            value.Id = reader.Text();
            value.Code = reader.Text();
            reader.RequireEnd("refuse");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Refuse);
            writer.Text(Id);
            writer.Text(Code);
            writer.End();
        }
    }

    internal struct ByeRecord
    {
        internal static ByeRecord Read(ref RecordReader reader)
        {
            var value = new ByeRecord();
            reader.RequireEnd("bye");
            return value;
        }

        internal void Write(RecordWriter writer)
        {
            writer.Begin(RecordCode.Bye);
            writer.End();
        }
    }

    /// <summary>Reads any record and writes it again: tests hold both sides against each other.</summary>
    internal static class AnyRecord
    {
        internal static void Rewrite(ushort code, ref RecordReader reader, RecordWriter writer)
        {
            switch (code)
            {
                case RecordCode.Hello: HelloRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Frame: FrameRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Puppets: PuppetsRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Heartbeat: HeartbeatRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Taken: TakenRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Pong: PongRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Fault: FaultRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Branch: BranchRecord.Read(ref reader).Write(writer); return;
                case RecordCode.You: YouRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Present: PresentRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Left: LeftRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Heard: HeardRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Place: PlaceRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Path: PathRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Scene: SceneRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Cells: CellsRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Anchors: AnchorsRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Panel: PanelRecord.Read(ref reader).Write(writer); return;
                case RecordCode.PanelClosed: PanelClosedRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Accounts: AccountsRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Notice: NoticeRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Busy: BusyRecord.Read(ref reader).Write(writer); return;
                case RecordCode.BranchLink: BranchLinkRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Spawn: SpawnRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Move: MoveRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Remove: RemoveRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Live: LiveRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Ask: AskRecord.Read(ref reader).Write(writer); return;
                case RecordCode.AskOver: AskOverRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Ended: EndedRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Pose: PoseRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Ping: PingRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Press: PressRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Select: SelectRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Arrived: ArrivedRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Visible: VisibleRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Go: GoRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Chat: ChatRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Emote: EmoteRecord.Read(ref reader).Write(writer); return;
                case RecordCode.SignIn: SignInRecord.Read(ref reader).Write(writer); return;
                case RecordCode.SignOut: SignOutRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Confirm: ConfirmRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Refuse: RefuseRecord.Read(ref reader).Write(writer); return;
                case RecordCode.Bye: ByeRecord.Read(ref reader).Write(writer); return;
                default: throw new ArgumentOutOfRangeException(nameof(code));
            }
        }
    }
}
